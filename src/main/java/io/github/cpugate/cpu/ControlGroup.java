package io.github.cpugate.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A Linux control group that this process is in, read through its files (cgroups(7); kernel: scheduler/sched-bwc,
 * admin-guide/cgroup-v1/cpuacct, admin-guide/cgroup-v2).
 *
 * @param version 1 or 2, which decides the names of the files
 * @param path the path of the group in its hierarchy, as in {@code /proc/self/cgroup}
 * @param quotaDir the folder of the quota files
 * @param usageDir the folder of the CPU usage file; null if there is none, see {@link Membership}
 */
record ControlGroup(
        int version, String path, Path quotaDir, @Nullable Path usageDir) {

    /** Reads the quota, in cores; {@code NaN} if there is none. It is not cached, since it can be changed in place. */
    double quotaCores() throws IOException {
        String[] quotaAndPeriod;
        try {
            quotaAndPeriod = version == 2
                    ? text(quotaDir, "cpu.max").split(" ", 2)
                    : new String[] {text(quotaDir, "cpu.cfs_quota_us"), ""};
        } catch (NoSuchFileException e) {
            return Double.NaN; // the root group has no quota, and a removed group has no files
        }
        if (quotaAndPeriod[0].equals("max") || quotaAndPeriod[0].equals("-1")) {
            return Double.NaN;
        }
        String period = version == 2 ? quotaAndPeriod[1] : text(quotaDir, "cpu.cfs_period_us");
        double cores = (double) Long.parseLong(quotaAndPeriod[0]) / Long.parseLong(period);
        if (!(cores > 0 && cores < Double.POSITIVE_INFINITY)) {
            throw new IOException("invalid CPU quota: " + quotaAndPeriod[0] + "/" + period);
        }
        return cores;
    }

    /** Reads the CPU time of its processes, child groups included; {@code ownNanos} if there is no usage file. */
    long usedNanos(long ownNanos) throws IOException {
        if (usageDir == null) {
            return ownNanos;
        }
        if (version == 1) {
            return Long.parseLong(text(usageDir, "cpuacct.usage"));
        }
        String stat = text(usageDir, "cpu.stat");
        for (String line : stat.split("\n", -1)) {
            if (line.startsWith("usage_usec ")) {
                return 1000 * Long.parseLong(line.substring("usage_usec ".length()));
            }
        }
        throw new IOException("no usage_usec in " + stat);
    }

    private static String text(Path folder, String file) throws IOException {
        return Files.readString(folder.resolve(file)).strip();
    }
}
