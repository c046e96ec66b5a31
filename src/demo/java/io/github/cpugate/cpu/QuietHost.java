package io.github.cpugate.cpu;

import java.nio.file.Path;
import oshi.SystemInfo;

/** Sources for a host that is taken to be idle but for this JVM, so that a busy one can show what an idle one would. */
public final class QuietHost {

    private QuietHost() {}

    /**
     * Returns what the host's ticks would tell if nobody else used it.
     *
     * @return a new source
     */
    public static CpuSource alone() {
        ProcessCpu own = new ProcessCpu();
        long[] last = {-1, 0};
        // The host's: the JVM's own count is cut to the quota.
        int processors = new SystemInfo().getHardware().getProcessor().getLogicalProcessorCount();
        return () -> {
            long used = own.getAsLong();
            long now = System.nanoTime();
            double percent = ProcessCpu.percent(last[0], used, (double) processors * (now - last[1]));
            last[0] = used;
            last[1] = now;
            return Math.min(100, percent);
        };
    }

    /**
     * Returns the same with the CPU quotas of this process, read as {@link CpuSampler#ofHost()} reads them.
     *
     * @return a new source
     */
    public static CpuSource withQuotas() {
        return new ScopedCpuSource(
                alone(),
                new AllowedProcessors(() -> Processors.UNRESTRICTED, new ProcessCpu(), System::nanoTime),
                new QuotaMeter(Path.of("/"), new ProcessCpu(), System::nanoTime));
    }
}
