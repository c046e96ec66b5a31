package io.github.cpugate.cpu;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import oshi.hardware.CentralProcessor;

/**
 * Reads host CPU from OSHI's tick counters.
 *
 * <p>The delta is computed here and not by {@code getSystemCpuLoadBetweenTicks}, which returns 0 when no tick has
 * elapsed: OSHI memoizes the counters for 300 ms, so two reads within that time would look like an idle host.
 *
 * <p>{@link #throughJna()} works with OSHI 5 and 6 too, in case an application brings one of these: it uses only what
 * they have, and {@link #withoutNativeCode()} links the classes of OSHI 7 when it is called and not earlier.
 */
final class OshiCpuSource implements CpuSource {

    private final Supplier<long[]> ticks;
    private final IntSupplier processors;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private long @Nullable [] last; // milliseconds, summed over all processors
    private long lastOwn;
    private long lastRead;
    private double lastCores = Double.NaN; // unknown: the number of processors is asked for

    /** Reads the counters from {@code ticks}, in the order of {@link TickSpan}. */
    OshiCpuSource(Supplier<long[]> ticks, IntSupplier processors, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.ticks = ticks;
        this.processors = processors;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /** For Linux; throws on systems where OSHI needs native code. */
    static OshiCpuSource withoutNativeCode() {
        return of(new oshi.nativefree.SystemInfo().getHardware().getProcessor());
    }

    static OshiCpuSource throughJna() {
        return of(new oshi.SystemInfo().getHardware().getProcessor());
    }

    private static OshiCpuSource of(CentralProcessor processor) {
        return new OshiCpuSource(
                processor::getSystemCpuLoadTicks, () -> processors(processor), new ProcessCpu(), System::nanoTime);
    }

    /** OSHI counts the processors once. On Linux they are counted anew, since more may have gone online. */
    private static int processors(CentralProcessor processor) {
        int known = processor.getLogicalProcessorCount();
        try {
            return Math.max(known, new LinuxProcessors(Path.of("/")).ticks().size());
        } catch (IOException | RuntimeException e) {
            return known;
        }
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        long[] now = ticks.get().clone(); // OSHI returns the same array to all callers
        if (Arrays.equals(now, new long[now.length])) {
            // OSHI returns zeros if /proc/stat is unreadable. A delta from zeros would be the load since boot.
            throw new IllegalStateException("OSHI returned no CPU ticks");
        }
        long[] before = last;
        if (before != null && Arrays.equals(before, now)) {
            return CpuReading.of(Double.NaN); // the next reading spans this read's time too
        }
        long ownBefore = lastOwn;
        long readBefore = lastRead;
        last = now;
        lastOwn = ownNanos.getAsLong();
        lastRead = nanoClock.getAsLong();
        if (before == null) {
            return CpuReading.of(Double.NaN);
        }
        long span = lastRead - readBefore;
        TickSpan elapsed = TickSpan.between(before, now);
        if (elapsed.total() == 0) {
            return CpuReading.of(Double.NaN);
        }
        double cores = span > 0 ? 1e6 * elapsed.total() / span : Double.NaN;
        double usual = Double.isNaN(lastCores) ? processors.getAsInt() : lastCores;
        if (!elapsed.isPlausible(span, usual)) {
            lastCores = Double.NaN; // if there are more processors now, the next reading is valid
            return CpuReading.of(Double.NaN);
        }
        boolean slept = elapsed.isTooLittle(
                span, usual); // the clock went on while the counters stood still; or processors are gone
        lastCores = slept ? Double.NaN : cores;
        cores = slept ? usual : cores;
        // The ticks sum up to processors x time, even in a container that shows fewer processors.
        double own = ProcessCpu.percent(ownBefore, lastOwn, 1e6 * elapsed.total());
        return new CpuReading(elapsed.percent(), own, span, CpuReading.HOST, cores);
    }
}
