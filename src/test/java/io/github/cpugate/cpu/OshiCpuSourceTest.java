package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import oshi.hardware.CentralProcessor.TickType;

class OshiCpuSourceTest {

    private final long[] ticks = new long[TickType.values().length];
    private final OshiCpuSource source = new OshiCpuSource(() -> ticks);

    OshiCpuSourceTest() {
        Arrays.fill(ticks, 1_000_000);
    }

    private void elapse(TickType type, long count) {
        ticks[type.getIndex()] += count;
    }

    @Test
    void theFirstReadOnlyPrimes() {
        assertThat(source.read()).isNaN();
    }

    @Test
    void busyIsAllButIdleAndIoWait() {
        source.read();
        elapse(TickType.IDLE, 20);
        elapse(TickType.IOWAIT, 20);
        for (TickType busy : TickType.values()) {
            if (busy != TickType.IDLE && busy != TickType.IOWAIT) {
                elapse(busy, 10);
            }
        }

        assertThat(source.read()).isEqualTo(60, within(1e-9));
    }

    @Test
    void noElapsedTicksAreNoReadingAndNotAnIdleHost() {
        source.read();
        elapse(TickType.USER, 10);
        elapse(TickType.IDLE, 10);

        assertThat(source.read()).isEqualTo(50);
        assertThat(source.read()).isNaN();
    }

    @Test
    void aCounterThatRunsBackwardsCountsAsStanding() {
        source.read();
        elapse(TickType.USER, 100);
        elapse(TickType.IOWAIT, -3);

        assertThat(source.read()).as("not 103 percent").isEqualTo(100);
    }

    @Test
    void countersThatAllFellAreNoReading() {
        source.read();
        Arrays.fill(ticks, 900_000);
        elapse(TickType.SOFTIRQ, 100_001);

        assertThat(source.read()).as("not the 100 percent of the one that rose").isNaN();
    }

    @Test
    void unreadableCountersFailAndAreNoBaseForTheNextReading() {
        source.read();
        long[] good = ticks.clone();
        Arrays.fill(ticks, 0);
        assertThatThrownBy(source::read).isInstanceOf(IllegalStateException.class);

        System.arraycopy(good, 0, ticks, 0, ticks.length);
        elapse(TickType.USER, 30);
        elapse(TickType.IDLE, 70);
        assertThat(source.read()).isEqualTo(30);
    }

    @Test
    void doesNotWriteToTheSharedArray() {
        long[] before = ticks.clone();
        source.read();
        source.read();

        assertThat(ticks).isEqualTo(before);
    }
}
