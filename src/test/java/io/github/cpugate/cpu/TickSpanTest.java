package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TickSpanTest {

    private static final long SECOND = 1_000_000_000;

    @Test
    void oneProcessorCountsASecondAndAHalfAndAnAllowanceInASecond() {
        assertThat(new TickSpan(0, 2100).isPlausible(SECOND, 1)).isTrue();
        assertThat(new TickSpan(0, 2101).isPlausible(SECOND, 1)).isFalse();
        assertThat(new TickSpan(0, 4200).isPlausible(SECOND, 2)).isTrue();
    }

    @Test
    void anyTimeIsPlausibleInAnUnknownSpan() {
        assertThat(new TickSpan(0, 1_000_000).isPlausible(0, 1)).isTrue();
    }

    @Test
    void oneProcessorCountsAtLeastHalfTheTimeLessTheAllowance() {
        assertThat(new TickSpan(0, 4400).isTooLittle(10 * SECOND, 1)).isFalse();
        assertThat(new TickSpan(0, 4399).isTooLittle(10 * SECOND, 1)).isTrue();
    }

    @Test
    void twoCountersMayFallAndThreeHaveBeenReset() {
        long[] before = {100, 100, 100, 100, 100, 100, 100, 100};
        assertThat(TickSpan.between(before, new long[] {110, 100, 100, 190, 90, 100, 100, 90}))
                .isEqualTo(new TickSpan(10, 100));
        assertThat(TickSpan.between(before, new long[] {110, 100, 100, 190, 90, 100, 90, 90}))
                .isEqualTo(new TickSpan(0, 0));
    }

    @Test
    void withoutTimeThereIsNoPercentage() {
        assertThat(new TickSpan(0, 0).percent()).isNaN();
        assertThat(new TickSpan(1, 4).percent()).isEqualTo(25);
    }
}
