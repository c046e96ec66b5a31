package io.github.cpugate.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * Supplies the CPU time that this JVM has used, in nanoseconds; negative if unknown. Linux counts it in units of 10 ms.
 */
final class ProcessCpu implements LongSupplier {

    private final OperatingSystemMXBean bean = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    @Override
    public long getAsLong() {
        return bean.getProcessCpuTime();
    }

    /** Returns the CPU time used between two values, in percent of {@code capacityNanos}; {@code NaN} if unknown. */
    static double percent(long before, long now, double capacityNanos) {
        return before < 0 || now < before || !(capacityNanos > 0) ? Double.NaN : 100 * (now - before) / capacityNanos;
    }
}
