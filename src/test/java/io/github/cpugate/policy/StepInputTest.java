package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StepInputTest {

    private static final CpuSample CPU = CpuSample.of(50);

    private final StepInput input = StepInput.of(CPU, 70, 5);

    @Test
    void theFactoryMakesAFullGateWithDemand() {
        assertThat(input).isEqualTo(new StepInput(CPU, 70, 5, 1, Integer.MAX_VALUE, 5, 5, 0, true));
    }

    @Test
    void eachWitherSetsItsComponentAlone() {
        int max = Integer.MAX_VALUE;
        CpuSample other = CpuSample.of(12);
        assertThat(input.withCpu(other, 35)).isEqualTo(new StepInput(other, 35, 5, 1, max, 5, 5, 0, true));
        assertThat(input.withMinSlots(2)).isEqualTo(new StepInput(CPU, 70, 5, 2, max, 5, 5, 0, true));
        assertThat(input.withMaxSlots(8)).isEqualTo(new StepInput(CPU, 70, 5, 1, 8, 5, 5, 0, true));
        assertThat(input.withMeanInFlight(4.5)).isEqualTo(new StepInput(CPU, 70, 5, 1, max, 5, 4.5, 0, true));
        assertThat(input.withWaiting(3)).isEqualTo(new StepInput(CPU, 70, 5, 1, max, 5, 5, 3, true));
        assertThat(input.withLimitReached(false)).isEqualTo(new StepInput(CPU, 70, 5, 1, max, 5, 5, 0, false));
    }

    @Test
    void withInFlightSetsTheMeanToo() {
        assertThat(input.withMeanInFlight(4.5).withInFlight(6))
                .isEqualTo(new StepInput(CPU, 70, 5, 1, Integer.MAX_VALUE, 6, 6, 0, true));
    }

    @Test
    void withersKeepWhatOthersHaveSet() {
        StepInput all = input.withLimitReached(false)
                .withWaiting(3)
                .withInFlight(6)
                .withMeanInFlight(4.5)
                .withMaxSlots(8)
                .withMinSlots(2);
        StepInput reversed = input.withMinSlots(2)
                .withMaxSlots(8)
                .withInFlight(6)
                .withMeanInFlight(4.5)
                .withWaiting(3)
                .withLimitReached(false);

        assertThat(all)
                .isEqualTo(new StepInput(CPU, 70, 5, 2, 8, 6, 4.5, 3, false))
                .isEqualTo(reversed);
    }

    @Test
    void holdKeepsTheLimit() {
        assertThat(input.hold(Reason.IN_BAND)).isEqualTo(new Decision(5, Reason.IN_BAND));
    }

    @ParameterizedTest
    @CsvSource({"1, 6", "-1, 4", "0, 5", "2147483647, 2147483647", "-2147483648, -2147483643"})
    void aMoveDoesNotOverflow(int slots, int next) {
        assertThat(input.moveBy(slots, Reason.HEADROOM)).isEqualTo(new Decision(next, Reason.HEADROOM));
    }
}
