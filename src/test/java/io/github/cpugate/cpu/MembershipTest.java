package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Version 1 of control groups, and the location of a process in the tree of groups. */
class MembershipTest extends QuotaFiles {

    @Test
    void versionOneIsReadWithQuotaAndUsageInOneHierarchy() {
        writeProcFiles(
                "4:cpu,cpuacct:/docker/abc\n0::/docker/abc",
                "31 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
                "32 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw");
        String group = "sys/fs/cgroup/cpu,cpuacct/docker/abc";
        writeGroupV1(group, 50_000, group, 1);
        writeGroupV1("sys/fs/cgroup/cpu,cpuacct/docker", -1, "sys/fs/cgroup/cpu,cpuacct/docker", 9);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV1(group, 50_000, group, 1.25);
        assertThat(readAfterOneSecond(meter))
                .isEqualTo(new CpuReading(50, 0, SECOND, "cgroup /docker/abc (0.5 cores)", 0.5));
    }

    @Test
    void versionOneIsReadWithUsageInASeparateHierarchy() {
        writeProcFiles(
                "2:cpuacct:/a/b\n1:cpu:/a",
                "31 23 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
                "32 23 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct");
        writeGroupV1("sys/fs/cgroup/cpu/a", 50_000, "sys/fs/cgroup/cpuacct/a", 1);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV1("sys/fs/cgroup/cpu/a", 50_000, "sys/fs/cgroup/cpuacct/a", 1.25);
        assertThat(readAfterOneSecond(meter)).returns(50.0, CpuReading::percent);
    }

    @Test
    void usageInAnotherGroupIsReplacedByTheOwnCpuAsALowerBound() {
        writeProcFiles(
                "2:cpuacct:/\n1:cpu:/a",
                "31 23 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
                "32 23 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct");
        writeGroupV1("sys/fs/cgroup/cpu/a", 50_000, "sys/fs/cgroup/cpuacct/a", 1);
        QuotaMeter meter = meter();
        tightest(meter);

        own += SECOND / 5;
        assertThat(readAfterOneSecond(meter)).isEqualTo(new CpuReading(40, 40, SECOND, "cgroup /a (0.5 cores)", 0.5));
        assertThat(log.messagesAt(Level.INFO)).singleElement().asString().contains("lower bound");
    }

    @Test
    void aContainersGroupIsReadAtTheMountPoint() {
        writeProcFiles(
                "4:cpu,cpuacct:/docker/abc/sub",
                "31 23 0:29 /docker/abc /sys/fs/cgroup/cpu\\040cpuacct rw - cgroup cgroup rw,cpuacct,cpu");
        String top = "sys/fs/cgroup/cpu cpuacct";
        writeGroupV1(top, 50_000, top, 0);
        writeGroupV1(top + "/sub", -1, top + "/sub", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV1(top, 50_000, top, 0.1);
        assertThat(readAfterOneSecond(meter))
                .isEqualTo(new CpuReading(20, 0, SECOND, "cgroup /docker/abc (0.5 cores)", 0.5));
    }

    @Test
    void aPathThatIsNotMountedIsReadAtTheMountPoint() {
        writeProcFiles("0::/", "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw");
        writeGroupV2("", "50000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("", "50000 100000", 0.2);
        assertThat(readAfterOneSecond(meter)).returns(40.0, CpuReading::percent);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/..", "/../other", "/../../x"})
    void aGroupOutsideTheNamespaceIsIgnored(String path) {
        writeProcFiles("0::" + path, V2);
        writeGroupV2("", "50000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("", "50000 100000", 0.2);
        assertThat(readAfterOneSecond(meter)).isNull();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aMountNameThatIsNotUtf8DoesNotHideOtherMounts() throws IOException {
        writeProcFiles("0::/a", V2);
        Path mounts = root.resolve("proc/self/mountinfo");
        byte[] latin = "29 23 8:2 / /media/caf\u00e9 rw - ext4 /dev/sdb1 rw\n".getBytes(StandardCharsets.ISO_8859_1);
        Files.write(mounts, latin, StandardOpenOption.APPEND);
        writeGroupV2("/a", "50000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/a", "50000 100000", 0.2);
        assertThat(readAfterOneSecond(meter)).returns(40.0, CpuReading::percent);
    }

    @Test
    void aMountFromOutsideTheNamespaceShowsTheGroupsBelowIt() {
        writeProcFiles("0::/../other", "30 23 0:26 /.. /mnt rw - cgroup2 cgroup rw");
        write("mnt/other/cpu.max", "50000 100000");
        write("mnt/other/cpu.stat", "usage_usec 0");
        QuotaMeter meter = meter();
        tightest(meter);

        write("mnt/other/cpu.stat", "usage_usec 200000");
        assertThat(readAfterOneSecond(meter)).returns("cgroup /../other (0.5 cores)", CpuReading::scope);
    }

    @Test
    void ofTwoMountsTheOneThatContainsTheGroupIsUsed() {
        writeProcFiles("0::/docker/abc", "29 23 0:26 /docker/xyz /mnt/other ro - cgroup2 cgroup rw", V2);
        write("mnt/other/cpu.max", "10000 100000");
        writeGroupV2("/docker/abc", "50000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/docker/abc", "50000 100000", 0.2);
        assertThat(readAfterOneSecond(meter)).returns("cgroup /docker/abc (0.5 cores)", CpuReading::scope);
    }
}
