package io.github.cpugate.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A control group of Linux that this process is in, by its files (cgroups(7); kernel: scheduler/sched-bwc,
 * admin-guide/cgroup-v1/cpuacct, admin-guide/cgroup-v2).
 *
 * @param version 1 or 2: what the files are called
 * @param path its path, as {@code /proc/self/cgroup} names it
 * @param quotaIn the folder of its quota
 * @param usageIn the folder of its use of CPU; null if there is none, see {@link Membership}
 */
record ControlGroup(
        int version, String path, Path quotaIn, @Nullable Path usageIn) {

    /** The quota in cores; {@code NaN} if there is none. Asked each time: it can be changed in place. */
    double quotaCores() throws IOException {
        String[] quotaAndPeriod;
        try {
            quotaAndPeriod = version == 2
                    ? text(quotaIn, "cpu.max").split(" ", 2)
                    : new String[] {text(quotaIn, "cpu.cfs_quota_us"), ""};
        } catch (NoSuchFileException e) {
            return Double.NaN; // as in the root, which has no quota, and in a group that is gone
        }
        if (quotaAndPeriod[0].equals("max") || quotaAndPeriod[0].equals("-1")) {
            return Double.NaN;
        }
        String period = version == 2 ? quotaAndPeriod[1] : text(quotaIn, "cpu.cfs_period_us");
        double cores = (double) Long.parseLong(quotaAndPeriod[0]) / Long.parseLong(period);
        if (!(cores > 0 && cores < Double.POSITIVE_INFINITY)) {
            throw new IOException("a quota of " + quotaAndPeriod[0] + "/" + period);
        }
        return cores;
    }

    /** What all its processes, of groups below it too, have used of CPU; {@code ownNanos} where that is not told. */
    long usedNanos(long ownNanos) throws IOException {
        if (usageIn == null) {
            return ownNanos;
        }
        if (version == 1) {
            return Long.parseLong(text(usageIn, "cpuacct.usage"));
        }
        String stat = text(usageIn, "cpu.stat");
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
