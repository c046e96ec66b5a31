package io.github.cpugate.cpu;

import io.github.cpugate.testing.LogCapture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Writes control group files as Linux shows them, for a meter to read. */
abstract class QuotaFiles {

    static final long SECOND = 1_000_000_000L;
    static final String V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";

    @TempDir
    Path root;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    long now = Long.MAX_VALUE - SECOND;
    long own;

    QuotaMeter meter() {
        return new QuotaMeter(root, () -> own, () -> now);
    }

    void write(String file, String text) {
        Path path = root.resolve(file);
        try {
            Files.createDirectories(path.getParent());
            Files.writeString(path, text + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void writeProcFiles(String cgroup, String... mounts) {
        write("proc/self/cgroup", cgroup);
        write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n" + String.join("\n", mounts));
    }

    /** Writes a group of version 2 under the mount point. */
    void writeGroupV2(String group, String cpuMax, double usedSeconds) {
        write("sys/fs/cgroup" + group + "/cpu.max", cpuMax);
        write(
                "sys/fs/cgroup" + group + "/cpu.stat",
                "usage_usec " + Math.round(1e6 * usedSeconds) + "\nuser_usec 1\nsystem_usec 1");
    }

    @Nullable
    static CpuReading tightest(QuotaMeter meter) {
        return meter.readings().stream()
                .max(Comparator.comparingDouble(CpuReading::percent))
                .orElse(null);
    }

    @Nullable
    CpuReading readAfterOneSecond(QuotaMeter meter) {
        now += SECOND;
        return tightest(meter);
    }

    /** Writes a group of version 1, with its quota and its usage in a folder each. */
    void writeGroupV1(String quotaDir, int quotaMicros, String usageDir, double usedSeconds) {
        write(quotaDir + "/cpu.cfs_quota_us", Integer.toString(quotaMicros));
        write(quotaDir + "/cpu.cfs_period_us", "100000");
        write(usageDir + "/cpuacct.usage", Long.toString(Math.round(1e9 * usedSeconds)));
    }
}
