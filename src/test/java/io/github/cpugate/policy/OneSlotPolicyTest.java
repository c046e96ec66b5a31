package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OneSlotPolicyTest {

    private static StepInput seen(double cpu, int limit, int inFlight, boolean limitReached) {
        return StepInput.of(CpuSample.of(cpu), 70, limit)
                .withMinSlots(2)
                .withMaxSlots(8)
                .withInFlight(inFlight)
                .withLimitReached(limitReached);
    }

    @ParameterizedTest
    @CsvSource({
        // cpu, limit, in flight, limit reached -> next, why
        "70.1, 5, 5, true,  4, OVER_TARGET",
        "100,  5, 5, false, 4, OVER_TARGET",
        "100,  5, 4, false, 3, OVER_TARGET",
        "100,  5, 6, true,  5, DRAINING",
        "100,  2, 2, true,  2, AT_FLOOR",
        "100,  2, 6, true,  2, DRAINING",
        "70,   5, 5, true,  5, IN_BAND",
        "63,   5, 5, true,  5, IN_BAND",
        "56,   5, 5, true,  5, IN_BAND",
        "55.9, 5, 5, true,  6, HEADROOM",
        "0,    5, 5, true,  6, HEADROOM",
        "0,    5, 5, false, 5, NO_DEMAND",
        "0,    5, 0, false, 5, NO_DEMAND",
        "0,    8, 8, true,  8, AT_CEILING",
        "0,    8, 8, false, 8, NO_DEMAND",
    })
    void movesByOneSlotOnlyWhileTheLimitHasAnEffect(
            double cpu, int limit, int inFlight, boolean limitReached, int next, Reason why) {
        assertThat(StepPolicy.oneSlot().decide(seen(cpu, limit, inFlight, limitReached)))
                .isEqualTo(new Decision(next, why));
    }

    @ParameterizedTest
    @CsvSource({
        // limit, in flight, on average -> next
        "64, 64, 64,   63",
        "64, 65, 64,   64", // the last cut drains
        "64, 8,  8,    7",
        "64, 8,  63.5, 63",
        "64, 0,  7.2,  7", // a gap between sessions
        "64, 9,  3.1,  8",
        "8,  7,  6.9,  6",
        "64, 1,  0.1,  2", // the floor
        "64, 0,  1.1,  2",
        "64, 0,  0.9,  63", // the CPU is hardly that of sessions
        "64, 0,  0,    63",
        "2,  0,  0,    2",
    })
    void aLimitThatDoesNotBindIsCutFromWhatIsInFlight(int limit, int inFlight, double mean, int next) {
        StepInput input = seen(100, limit, inFlight, false).withMeanInFlight(mean);
        assertThat(StepPolicy.oneSlot().decide(input).limit()).isEqualTo(next);
        assertThat(StepPolicy.oneSlot().unconditional().decide(input).limit())
                .as("the plain rule")
                .isEqualTo(Math.max(2, limit - 1));
    }

    @ParameterizedTest
    @CsvSource({
        "100, 5, 6, 4, OVER_TARGET",
        "100, 2, 6, 2, AT_FLOOR",
        "0,   5, 0, 6, HEADROOM",
        "0,   8, 0, 8, AT_CEILING",
        "60,  5, 5, 5, IN_BAND",
    })
    void unconditionalIgnoresDemandAndDraining(double cpu, int limit, int inFlight, int next, Reason why) {
        assertThat(StepPolicy.oneSlot().unconditional().decide(seen(cpu, limit, inFlight, false)))
                .isEqualTo(new Decision(next, why));
    }

    @Test
    void decidesOnTheSmoothedValue() {
        StepInput spike = StepInput.of(CpuSample.of(100, 60), 70, 5);

        assertThat(StepPolicy.oneSlot().decide(spike).reason()).isEqualTo(Reason.IN_BAND);
    }

    @Test
    void toStringNamesThePolicy() {
        assertThat(StepPolicy.oneSlot()).hasToString("oneSlot");
        assertThat(StepPolicy.oneSlot().unconditional()).hasToString("oneSlot.unconditional");
    }
}
