package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import oshi.hardware.CentralProcessor.TickType;

class OshiCpuSourceTest {

    private long ownNanos = 5_000_000_000L;
    private long now = Long.MAX_VALUE - 5;
    private int processors = 2;
    private final long[] ticks = new long[TickType.values().length];
    private final OshiCpuSource source = new OshiCpuSource(() -> ticks, () -> processors, () -> ownNanos, () -> now);

    OshiCpuSourceTest() {
        Arrays.fill(ticks, 1_000_000);
    }

    private void addTicks(TickType type, long count) {
        ticks[type.getIndex()] += count;
    }

    @Test
    void theFirstReadOnlyPrimes() {
        assertThat(source.read()).isNaN();
    }

    @Test
    void allTicksExceptIdleAndIoWaitCountAsBusy() {
        source.read();
        addTicks(TickType.IDLE, 20);
        addTicks(TickType.IOWAIT, 20);
        for (TickType busy : TickType.values()) {
            if (busy != TickType.IDLE && busy != TickType.IOWAIT) {
                addTicks(busy, 10);
            }
        }

        assertThat(source.read()).isEqualTo(60, within(1e-9));
    }

    @Test
    void noElapsedTicksMeanNoReadingAndNotAnIdleHost() {
        source.read();
        addTicks(TickType.USER, 10);
        addTicks(TickType.IDLE, 10);

        assertThat(source.read()).isEqualTo(50);
        assertThat(source.read()).isNaN();
    }

    @Test
    void aReadingHasTheOwnCpuOfAllProcessorsAndTheSpan() {
        source.read();
        addTicks(TickType.USER, 1500);
        addTicks(TickType.IDLE, 2500); // milliseconds: two processors, two seconds
        ownNanos += 1_000_000_000L;
        now += 2_000_000_000L;

        assertThat(source.reading()).isEqualTo(new CpuReading(37.5, 25, 2_000_000_000L, "host", 2));
    }

    @Test
    void aReadWithoutNewTicksExtendsTheSpanOfTheNextReading() {
        source.read();
        now += 200_000_000L;
        ownNanos += 100_000_000L;
        assertThat(source.reading().percent()).isNaN();
        now += 200_000_000L;
        addTicks(TickType.USER, 200);
        addTicks(TickType.IDLE, 200);

        assertThat(source.reading()).isEqualTo(new CpuReading(50, 25, 400_000_000L, "host", 1));
    }

    @Test
    void anUnknownOwnCpuTimeLeavesTheReadingValid() {
        source.read();
        ownNanos = -1;
        addTicks(TickType.USER, 10);
        assertThat(source.reading().own()).isNaN();
        ownNanos = 5_000_000_000L;
        addTicks(TickType.USER, 10);
        assertThat(source.reading().own()).as("there is no previous value").isNaN();
        assertThat(source.reading().percent()).isNaN();
    }

    @Test
    void aCounterThatDecreasesCountsAsUnchanged() {
        source.read();
        addTicks(TickType.USER, 100);
        addTicks(TickType.IOWAIT, -3);

        assertThat(source.read()).as("not 103 percent").isEqualTo(100);
    }

    /** As after the migration of a virtual machine, on some kernels: node_exporter issue 742, telegraf issue 2871. */
    @Test
    void aCounterThatRunsBackwardsForeverLeavesTheReadingsValid() {
        ticks[TickType.STEAL.getIndex()] = 1_000_000_000;
        source.read();
        for (int i = 0; i < 100; i++) {
            addTicks(TickType.STEAL, -7_000);
            addTicks(TickType.USER, 1800);
            addTicks(TickType.IDLE, 2200);
            now += 2_000_000_000L;
            assertThat(source.reading()).returns(45.0, CpuReading::percent).returns(2.0, CpuReading::cores);
        }
    }

    @Test
    void moreCpuTimeThanTheProcessorsCanHaveIsNoReading() {
        source.read();
        addTwoSecondsOfTwoProcessors();
        assertThat(source.reading().cores()).isEqualTo(2);

        addTicks(TickType.IDLE, 48_540_000); // a processor goes online with the counters of 13 hours
        addTwoSecondsOfTwoProcessors();
        assertThat(source.reading()).isEqualTo(CpuReading.of(Double.NaN));
        addTwoSecondsOfTwoProcessors();
        assertThat(source.reading()).returns(50.0, CpuReading::percent).returns(2.0, CpuReading::cores);
    }

    @Test
    void jumpsInARowAndAtTheBeginningAreNoReadings() {
        source.read();
        for (int i = 0; i < 3; i++) {
            addTicks(TickType.IDLE, 48_540_000);
            addTwoSecondsOfTwoProcessors();
            assertThat(source.read()).isNaN();
        }
        addTwoSecondsOfTwoProcessors();
        assertThat(source.reading()).returns(50.0, CpuReading::percent).returns(2.0, CpuReading::cores);
    }

    @Test
    void aFallOfIdleIsNoReading() {
        source.read();
        addTwoSecondsOfTwoProcessors();
        addTicks(TickType.IDLE, -60_000); // a processor went offline
        assertThat(source.read()).as("not 100 percent").isNaN();
        addTwoSecondsOfTwoProcessors();
        assertThat(source.read()).isEqualTo(50);
    }

    @Test
    void aClockThatRanWhileTheHostSleptLeavesTheCoresAsTheyWere() {
        source.read();
        addTwoSecondsOfTwoProcessors();
        source.read();
        now += 8 * 3600 * 1_000_000_000L;
        for (int i = 0; i < 3; i++) {
            addTwoSecondsOfTwoProcessors();
            assertThat(source.reading()).returns(50.0, CpuReading::percent).returns(2.0, CpuReading::cores);
        }
    }

    @Test
    void moreProcessorsCountFromTheSecondReadingOn() {
        source.read();
        addTwoSecondsOfTwoProcessors();
        source.read();
        for (int i = 0; i < 3; i++) {
            addTwoSecondsOfTwoProcessors();
            addTicks(TickType.IDLE, 12_000); // of six more
            processors = 8;
            CpuReading reading = source.reading();
            assertThat(reading.percent()).isEqualTo(i == 0 ? Double.valueOf(Double.NaN) : Double.valueOf(12.5));
            assertThat(reading.cores()).isEqualTo(i == 0 ? Double.valueOf(Double.NaN) : Double.valueOf(8));
        }
    }

    private void addTwoSecondsOfTwoProcessors() {
        addTicks(TickType.USER, 2000);
        addTicks(TickType.IDLE, 2000);
        now += 2_000_000_000L;
    }

    @Test
    void aDecreaseOfTheTickSumIsNoReading() {
        source.read();
        Arrays.fill(ticks, 900_000);
        addTicks(TickType.SOFTIRQ, 100_001);

        assertThat(source.read())
                .as("not 100 percent, from the one counter that rose")
                .isNaN();
    }

    @Test
    void unreadableCountersThrowAndAreNotTheBaselineOfTheNextReading() {
        source.read();
        long[] good = ticks.clone();
        Arrays.fill(ticks, 0);
        assertThatThrownBy(source::read).isInstanceOf(IllegalStateException.class);

        System.arraycopy(good, 0, ticks, 0, ticks.length);
        addTicks(TickType.USER, 30);
        addTicks(TickType.IDLE, 70);
        assertThat(source.read()).isEqualTo(30);
    }

    @Test
    void theSharedTickArrayIsNotModified() {
        long[] before = ticks.clone();
        source.read();
        source.read();

        assertThat(ticks).isEqualTo(before);
    }
}
