package io.github.cpugate.cpu;

import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import oshi.hardware.CentralProcessor;
import oshi.hardware.CentralProcessor.TickType;
import oshi.spi.SystemInfoProvider;

/**
 * Reads host CPU from OSHI's tick counters.
 *
 * <p>The delta is computed here and not by {@code getSystemCpuLoadBetweenTicks}, which returns 0 when no tick has
 * elapsed: OSHI memoizes the counters for 300 ms, so two reads within that time would look like an idle host.
 */
final class OshiCpuSource implements CpuSource {

    private final Supplier<long[]> ticks;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private long @Nullable [] last; // milliseconds, summed over all processors
    private long lastOwn;
    private long lastRead;

    /** Reads the counters from {@code ticks}, indexed by {@link TickType}. */
    OshiCpuSource(Supplier<long[]> ticks, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.ticks = ticks;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /** For Linux; throws on systems where OSHI needs native code. */
    static OshiCpuSource withoutNativeCode() {
        return of(new oshi.nativefree.SystemInfo());
    }

    static OshiCpuSource throughJna() {
        return of(new oshi.SystemInfo());
    }

    /** Loads OSHI's processor classes, which takes a few hundred milliseconds of CPU. */
    private static OshiCpuSource of(SystemInfoProvider systemInfo) {
        CentralProcessor processor = systemInfo.getHardware().getProcessor();
        return new OshiCpuSource(processor::getSystemCpuLoadTicks, new ProcessCpu(), System::nanoTime);
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        long[] now = ticks.get().clone(); // OSHI returns the same array to all callers
        long sum = sum(now);
        if (sum == 0) {
            // OSHI returns zeros if /proc/stat is unreadable. A delta from zeros would be the load since boot.
            throw new IllegalStateException("OSHI returned no CPU ticks");
        }
        long[] before = last;
        long elapsed = before == null ? 0 : sum - sum(before);
        if (before != null && elapsed == 0) {
            return CpuReading.of(Double.NaN); // the next reading spans this read's time too
        }
        long ownBefore = lastOwn;
        long readBefore = lastRead;
        last = now;
        lastOwn = ownNanos.getAsLong();
        lastRead = nanoClock.getAsLong();
        if (before == null || elapsed < 0) {
            return CpuReading.of(Double.NaN);
        }
        long span = lastRead - readBefore;
        long idle = 0;
        long total = 0;
        for (TickType type : TickType.values()) {
            int i = type.getIndex();
            long spent = Math.max(0, now[i] - before[i]); // iowait may decrease on Linux: proc(5)
            total += spent;
            if (type == TickType.IDLE || type == TickType.IOWAIT) {
                idle += spent;
            }
        }
        return new CpuReading(
                100.0 * (total - idle) / total,
                // The ticks sum up to processors x time, even in a container that shows fewer processors.
                ProcessCpu.percent(ownBefore, lastOwn, 1e6 * total),
                span,
                CpuReading.HOST,
                span > 0 ? 1e6 * total / span : Double.NaN);
    }

    private static long sum(long[] ticks) {
        long sum = 0;
        for (long each : ticks) {
            sum += each;
        }
        return sum;
    }
}
