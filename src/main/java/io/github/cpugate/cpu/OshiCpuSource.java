package io.github.cpugate.cpu;

import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import oshi.hardware.CentralProcessor;
import oshi.hardware.CentralProcessor.TickType;
import oshi.spi.SystemInfoProvider;

/**
 * Host CPU from OSHI's tick counters.
 *
 * <p>The delta is computed here and not by {@code getSystemCpuLoadBetweenTicks}, which returns 0 when no tick has
 * elapsed: OSHI memoizes the counters for 300 ms, so two reads inside that window would look like an idle host.
 */
final class OshiCpuSource implements CpuSource {

    private final Supplier<long[]> ticks;
    private long @Nullable [] last;

    /** Reads the counters from {@code ticks}, indexed by {@link TickType}. */
    OshiCpuSource(Supplier<long[]> ticks) {
        this.ticks = ticks;
    }

    /** For Linux; throws where OSHI needs native code. */
    static OshiCpuSource withoutNativeCode() {
        return of(new oshi.nativefree.SystemInfo());
    }

    static OshiCpuSource throughJna() {
        return of(new oshi.SystemInfo());
    }

    /** Loads what OSHI has for processors: a few hundred milliseconds of CPU. */
    private static OshiCpuSource of(SystemInfoProvider systemInfo) {
        CentralProcessor processor = systemInfo.getHardware().getProcessor();
        return new OshiCpuSource(processor::getSystemCpuLoadTicks);
    }

    @Override
    public double read() {
        long[] now = ticks.get().clone(); // OSHI hands the same array to everybody
        if (Arrays.stream(now).sum() == 0) {
            // OSHI's answer to an unreadable /proc/stat. A delta from it would be the load since boot.
            throw new IllegalStateException("OSHI has no CPU ticks");
        }
        long[] before = last;
        last = now;
        return before == null ? Double.NaN : percentBusy(before, now);
    }

    /** Percent of the ticks between two readings that were not idle; {@code NaN} if none elapsed. */
    private static double percentBusy(long[] before, long[] now) {
        if (Arrays.stream(now).sum() <= Arrays.stream(before).sum()) {
            return Double.NaN;
        }
        long idle = 0;
        long total = 0;
        for (TickType type : TickType.values()) {
            int i = type.getIndex();
            long elapsed = Math.max(0, now[i] - before[i]); // iowait runs backwards now and then on Linux: proc(5)
            total += elapsed;
            if (type == TickType.IDLE || type == TickType.IOWAIT) {
                idle += elapsed;
            }
        }
        return 100.0 * (total - idle) / total;
    }
}
