package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.StepPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class BuilderTest {

    private static void assertRejected(String message, UnaryOperator<AdaptiveCpuGate.Builder> setting) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> setting.apply(AdaptiveCpuGate.builder()).build())
                .withMessage(message);
    }

    @Test
    void theDefaultsAreAsDocumented() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder().manual().build()) {
            GateSnapshot built = gate.snapshot();
            assertThat(built.targetCpu()).isEqualTo(70);
            assertThat(built.minSlots()).isEqualTo(1);
            assertThat(built.maxSlots()).isEqualTo(16);
            assertThat(built.limit()).as("starts at the floor").isEqualTo(1);
            assertThat(built.gate()).matches("gate-\\d+");
        }
    }

    @Test
    void theLimitStartsAtTheFloorUnlessInitialSlotsIsSet() {
        try (AdaptiveCpuGate floor =
                        AdaptiveCpuGate.builder().manual().minSlots(3).build();
                AdaptiveCpuGate given = AdaptiveCpuGate.builder()
                        .manual()
                        .minSlots(3)
                        .initialSlots(5)
                        .build()) {
            assertThat(floor.snapshot().limit()).isEqualTo(3);
            assertThat(given.snapshot().limit()).isEqualTo(5);
        }
    }

    @Test
    void aTargetThatIsNotAPercentageIsRejected() {
        assertRejected("targetCpu must be a percentage in (1, 100], was 0.7 (did you mean 70?)", b -> b.targetCpu(0.7));
        assertRejected("targetCpu must be a percentage in (1, 100], was 1.0 (did you mean 100?)", b -> b.targetCpu(1));
        assertRejected("targetCpu must be a percentage in (1, 100], was 0.01", b -> b.targetCpu(0.01));
        assertRejected("targetCpu must be a percentage in (1, 100], was 0.004", b -> b.targetCpu(0.004));
        assertRejected("targetCpu must be a percentage in (1, 100], was 0.0", b -> b.targetCpu(0));
        assertRejected("targetCpu must be a percentage in (1, 100], was -70.0", b -> b.targetCpu(-70));
        assertRejected("targetCpu must be a percentage in (1, 100], was 100.1", b -> b.targetCpu(100.1));
        assertRejected("targetCpu must be a percentage in (1, 100], was NaN", b -> b.targetCpu(Double.NaN));
    }

    @Test
    void boundsAreCheckedOneByOneAndAgainstEachOther() {
        assertRejected("minSlots must be at least 1, was 0", b -> b.minSlots(0));
        assertRejected("maxSlots must be at least 1, was -1", b -> b.maxSlots(-1));
        assertRejected("initialSlots must be at least 1, was 0", b -> b.initialSlots(0));
        assertRejected(
                "maxSlots must be at least minSlots = 9, was 8",
                b -> b.minSlots(9).maxSlots(8));
        assertRejected("maxSlots must be at least minSlots = 20, was 16", b -> b.minSlots(20));
        assertRejected("initialSlots must be in [minSlots, maxSlots] = [1, 16], was 17", b -> b.initialSlots(17));
        assertRejected(
                "initialSlots must be in [minSlots, maxSlots] = [4, 16], was 3",
                b -> b.minSlots(4).initialSlots(3));
    }

    @Test
    void aPeriodMustBePositive() {
        assertRejected("period must be positive, was PT0S", b -> b.period(Duration.ZERO));
        assertRejected("period must be positive, was PT-1S", b -> b.period(Duration.ofSeconds(-1)));
    }

    @Test
    void aLeakWarningMustBePositive() {
        assertRejected("leakWarning must be positive, was PT0S", b -> b.leakWarning(Duration.ZERO));
    }

    @Test
    void everySetterReturnsTheSameBuilder() {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder();
        assertThat(List.of(
                        builder.name("x"),
                        builder.targetCpu(100),
                        builder.minSlots(1),
                        builder.maxSlots(1),
                        builder.initialSlots(1),
                        builder.period(Duration.ofDays(1)),
                        builder.sampler(CpuSample::starting),
                        builder.policy(StepPolicy.oneSlot()),
                        builder.listener(step -> {}),
                        builder.shareHost(Path.of("shared")),
                        builder.leakWarning(Duration.ofDays(1)),
                        builder.nanoClock(System::nanoTime),
                        builder.manual()))
                .allMatch(returned -> returned == builder);
    }

    @Test
    void aNameMustNotBeBlank() {
        assertRejected("name must not be blank, was ' '", b -> b.name(" "));
    }

    @Test
    void aNullArgumentIsRejectedByName() {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder();
        assertThatNullPointerException().isThrownBy(() -> builder.name(null)).withMessage("name");
        assertThatNullPointerException().isThrownBy(() -> builder.period(null)).withMessage("period");
        assertThatNullPointerException().isThrownBy(() -> builder.sampler(null)).withMessage("sampler");
        assertThatNullPointerException().isThrownBy(() -> builder.policy(null)).withMessage("policy");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.listener(null))
                .withMessage("listener");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.nanoClock(null))
                .withMessage("nanoClock");
    }
}
