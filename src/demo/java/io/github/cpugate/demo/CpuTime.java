package io.github.cpugate.demo;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** Uses an exact amount of CPU. */
public final class CpuTime {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private CpuTime() {}

    /**
     * Uses so much CPU time, however long that takes.
     *
     * @param nanos of the calling thread
     */
    public static void burn(long nanos) {
        long end = THREADS.getCurrentThreadCpuTime() + nanos;
        while (THREADS.getCurrentThreadCpuTime() < end) {
            Thread.onSpinWait();
        }
    }
}
