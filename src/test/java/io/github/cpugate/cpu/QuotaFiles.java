package io.github.cpugate.cpu;

import io.github.cpugate.LogCapture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Control groups in files as Linux shows them, and a meter of their quotas. */
abstract class QuotaFiles {

    static final long SECOND = 1_000_000_000L;
    static final String V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";

    @TempDir
    Path root;

    long now = Long.MAX_VALUE - SECOND;
    long own;
    final LogCapture log = new LogCapture();

    @AfterEach
    void stopCapture() {
        log.close();
    }

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

    void process(String cgroup, String... mounts) {
        write("proc/self/cgroup", cgroup);
        write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n" + String.join("\n", mounts));
    }

    /** A group of version 2 under the mount point. */
    void second(String group, String cpuMax, double usedSeconds) {
        write("sys/fs/cgroup" + group + "/cpu.max", cpuMax);
        write(
                "sys/fs/cgroup" + group + "/cpu.stat",
                "usage_usec " + Math.round(1e6 * usedSeconds) + "\nuser_usec 1\nsystem_usec 1");
    }

    @Nullable
    CpuReading aSecondLater(QuotaMeter meter) {
        now += SECOND;
        return meter.tightest();
    }

    /** A group of version 1, its quota in one folder and its use in another. */
    void first(String quotaIn, int quotaMicros, String usageIn, double usedSeconds) {
        write(quotaIn + "/cpu.cfs_quota_us", Integer.toString(quotaMicros));
        write(quotaIn + "/cpu.cfs_period_us", "100000");
        write(usageIn + "/cpuacct.usage", Long.toString(Math.round(1e9 * usedSeconds)));
    }
}
