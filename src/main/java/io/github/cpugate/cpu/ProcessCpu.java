package io.github.cpugate.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * The CPU time that this JVM has used, in nanoseconds; negative if it cannot tell. Linux counts it in steps of 10 ms.
 */
final class ProcessCpu implements LongSupplier {

    private final OperatingSystemMXBean bean = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    @Override
    public long getAsLong() {
        return bean.getProcessCpuTime();
    }

    /** Percent that the time used between two answers is of {@code capacityNanos} of CPU time. */
    static double percent(long before, long now, double capacityNanos) {
        return before < 0 || now < before || !(capacityNanos > 0) ? Double.NaN : 100 * (now - before) / capacityNanos;
    }
}
