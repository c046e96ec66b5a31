package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Await;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JdkCpuSourceTest {

    private double load = 0.25;
    private long ownNanos;
    private long now = Long.MAX_VALUE - 5;
    private final JdkCpuSource source = new JdkCpuSource(() -> load, () -> ownNanos, () -> now);

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
        int processors = Runtime.getRuntime().availableProcessors();
        ownNanos += span / 10 * processors;
        now += span;

        assertThat(source.reading()).isEqualTo(new CpuReading(25, 10, span, "host", processors));
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
