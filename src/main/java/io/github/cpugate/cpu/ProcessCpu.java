package io.github.cpugate.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Supplies the CPU time that this JVM has used, in nanoseconds; -1 if unknown. Linux counts it in units of 10 ms.
 *
 * <p>It never throws. In some containers the JDK's bean does at every use (JDK-8286212, JDK-8287073, JDK-8343191);
 * {@link ProcessHandle} has the same time, at a higher cost.
 */
final class ProcessCpu implements LongSupplier {

    private final List<Supplier<LongSupplier>> openers;
    private int opened;
    private @Nullable LongSupplier current;

    ProcessCpu() {
        this(openers());
    }

    /** Uses the first that works. Opening one may throw anything, and so may using it. */
    ProcessCpu(List<Supplier<LongSupplier>> openers) {
        this.openers = openers;
    }

    static List<Supplier<LongSupplier>> openers() {
        return List.of(() -> ofBean(), () -> ProcessCpu::ofHandle);
    }

    private static LongSupplier ofBean() {
        OperatingSystemMXBean bean = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return bean::getProcessCpuTime;
    }

    private static long ofHandle() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .map(Duration::toNanos)
                .orElse(-1L);
    }

    @Override
    public long getAsLong() {
        while (true) {
            try {
                if (current == null) {
                    if (opened == openers.size()) {
                        opened = 0; // the next call tries all of them again
                        return -1;
                    }
                    current = openers.get(opened++).get();
                }
                long nanos = current.getAsLong();
                if (nanos >= 0) {
                    return nanos;
                }
            } catch (Throwable t) {
                // The next one is tried.
            }
            current = null;
        }
    }

    /** Returns the CPU time used between two values, in percent of {@code capacityNanos}; {@code NaN} if unknown. */
    static double percent(long before, long now, double capacityNanos) {
        return before < 0 || now < before || !(capacityNanos > 0) ? Double.NaN : 100 * (now - before) / capacityNanos;
    }
}
