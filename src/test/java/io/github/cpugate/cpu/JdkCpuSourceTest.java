package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JdkCpuSourceTest {

    private double load = 0.25;
    private double quota = Double.NaN;
    private long ownNanos;
    private long now = Long.MAX_VALUE - 5;
    private final JdkCpuSource source = new JdkCpuSource(() -> load, () -> quota, () -> 4, () -> ownNanos, () -> now);

    private double readAfter(long millis) {
        now += TimeUnit.MILLISECONDS.toNanos(millis);
        return source.read();
    }

    @Test
    void theFirstReadPrimesAndTheSecondReturnsPercent() {
        assertThat(source.read()).isNaN();
        assertThat(readAfter(2000)).isEqualTo(25);
    }

    @Test
    void aReadingHasTheOwnCpuAndTheSpan() {
        source.read();
        long span = 2_000_000_000L;
        ownNanos += span / 10 * 4;
        now += span;

        assertThat(source.reading()).isEqualTo(new CpuReading(25, 10, span, "host", 4));
    }

    @Test
    void underAQuotaThatTheJvmHonoursTheReadingIsThatOfTheContainer() {
        quota = 0.5;
        source.read();
        ownNanos += 100_000_000;
        now += 1_000_000_000;

        assertThat(source.reading())
                .as("so that own CPU is of the same whole, and others is not what the quota leaves")
                .isEqualTo(new CpuReading(25, 20, 1_000_000_000, "container (0.5 cores)", 0.5));
    }

    @ParameterizedTest(name = "a JVM with {0} processors: {1}")
    @CsvSource({"1, 0.5", "2, NaN", "8, NaN"})
    void aQuotaCountsIfTheJvmHasTheProcessorsThatItAllows(int availableProcessors, Double expected, @TempDir Path root)
            throws IOException {
        Files.createDirectories(root.resolve("proc/self"));
        Files.writeString(root.resolve("proc/self/cgroup"), "0::/a/b\n");
        Files.writeString(root.resolve("proc/self/mountinfo"), QuotaFiles.V2 + "\n");
        assertThat(JdkCpuSource.quota(root, availableProcessors)).as("no quota").isNaN();
        Path group = Files.createDirectories(root.resolve("sys/fs/cgroup/a/b"));
        Files.writeString(group.resolve("cpu.max"), "150000 100000\n");
        Files.writeString(group.resolveSibling("cpu.max"), "50000 100000\n");

        assertThat(JdkCpuSource.quota(root, availableProcessors)).isEqualTo(expected);
    }

    @Test
    void aReadTooSoonAfterTheLastReturnsNoReading() {
        source.read();
        assertThat(readAfter(99)).isNaN();
        assertThat(readAfter(1)).isEqualTo(25);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, 0})
    void aNegativeOrZeroLoadIsNoReading(double value) {
        source.read();
        load = value;
        assertThat(readAfter(2000)).isNaN();
    }

    @Test
    void thePlatformBeanIsRead() {
        JdkCpuSource real = JdkCpuSource.ofPlatform();

        assertThat(real.read()).as("the first read primes").isNaN();
        Await.until("a reading", () -> real.read() > 0);
    }
}
