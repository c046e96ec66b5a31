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
        long micros = value(stat, "usage_usec ");
        if (micros < 0) {
            throw new IOException("no usage_usec in " + stat);
        }
        return 1000 * micros;
    }

    /**
     * The periods of a quota in which the group wanted to run, and those in which the quota was used up; -1 if unknown.
     */
    record Periods(long all, long throttled) {

        static final Periods UNKNOWN = new Periods(-1, -1);

        /** {@return the throttled share of the periods since another value, in percent; {@code NaN} if unknown} */
        double throttledPercentSince(Periods before) {
            if (before.all < 0 || all < before.all || before.throttled < 0 || throttled < before.throttled) {
                return Double.NaN;
            }
            return all == before.all ? 0 : 100.0 * (throttled - before.throttled) / (all - before.all);
        }
    }

    /** Reads how often the quota was used up since the group was made. It never throws: nothing depends on it. */
    Periods periods() {
        try {
            String stat = text(quotaDir, "cpu.stat");
            return new Periods(value(stat, "nr_periods "), value(stat, "nr_throttled "));
        } catch (IOException | RuntimeException e) {
            return Periods.UNKNOWN;
        }
    }

    private static long value(String stat, String key) {
        for (String line : stat.split("\n", -1)) {
            if (line.startsWith(key)) {
                return Long.parseLong(line.substring(key.length()));
            }
        }
        return -1;
    }

    private static String text(Path folder, String file) throws IOException {
        return Files.readString(folder.resolve(file)).strip();
    }
}
