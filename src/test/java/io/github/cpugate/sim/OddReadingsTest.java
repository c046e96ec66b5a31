package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.ManySlots.Distortion;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Holds {@code headroom()} to its promise where readings are odd, and where the dead time becomes shorter, or a little
 * longer, at rest. Where it becomes much longer, {@code headroom()} is not good: see {@link DeadTimes}.
 */
@Tag("slow")
@Tag("virtual-time")
class OddReadingsTest {

    private enum Odd {
        ANOTHER_SCOPE(right -> new CpuReading(
                right.percent(), right.own(), right.spanNanos(), "cgroup /x (4.0 cores)", ManySlots.CORES)),
        OWN_UNKNOWN(
                right -> new CpuReading(right.percent(), Double.NaN, right.spanNanos(), right.scope(), right.cores())),
        NO_READING(right -> CpuReading.of(Double.NaN)),
        HALF_THE_QUOTA(right -> new CpuReading(
                Math.min(100, 2 * right.percent()),
                Math.min(100, 2 * right.own()),
                right.spanNanos(),
                "cgroup / (2.0 cores)",
                ManySlots.CORES / 2));

        @SuppressWarnings("ImmutableEnumChecker") // a pure function
        final UnaryOperator<CpuReading> distort;

        Odd(UnaryOperator<CpuReading> distort) {
            this.distort = distort;
        }
    }

    private static double over(int sessionSteps, double deadSteps, Distortion distortion) {
        double sum = 0;
        for (int seed = 1; seed <= ManySlots.SEEDS; seed++) {
            sum += new ManySlots(sessionSteps, step -> deadSteps, seed)
                    .percentOver(StepPolicy.headroom(), distortion, 100, 800);
        }
        return sum / ManySlots.SEEDS;
    }

    @ParameterizedTest(name = "dead time {0}, sessions of {1} steps")
    @CsvSource({"0, 10", "0, 25", "2, 10", "2, 15", "2, 25", "3, 15", "3, 25", "5, 15", "5, 25"})
    void oddReadingsDoNotOverloadTheHost(int deadSteps, int sessionSteps) {
        double without = over(sessionSteps, deadSteps, (step, right) -> right);
        for (Odd odd : Odd.values()) {
            for (int every : new int[] {0, 3, 10}) {
                Distortion distortion = every == 0
                        ? Distortion.at(step -> step == 200, odd.distort)
                        : Distortion.at(step -> step >= 100 && step % every == 0, odd.distort);

                assertThat(over(sessionSteps, deadSteps, distortion))
                        .as("percent of the steps above 80 %%, with %s %s", odd, every == 0 ? "once" : "every " + every)
                        .isLessThanOrEqualTo(without + 2);
            }
        }
    }

    @ParameterizedTest(name = "dead time {0} to {1}, over {2} steps")
    @CsvSource({"0, 1, 0", "0, 2, 0", "2, 1, 50", "5, 0, 0", "5, 2, 50", "3, 1, 0"})
    void aDeadTimeThatDriftsAtRestDoesNotOverloadTheHost(int from, int to, int steps) {
        for (int sessionSteps : new int[] {8, 15, 25, 40}) {
            double headroom = ManySlots.percentOverAfterDrift(StepPolicy::headroom, from, to, steps, sessionSteps);
            double plain = ManySlots.percentOverAfterDrift(StepPolicy::oneSlot, from, to, steps, sessionSteps);
            assertThat(headroom)
                    .as("percent of the steps above 80 %%, with sessions of %s steps", sessionSteps)
                    .isLessThanOrEqualTo(plain + 5);
        }
    }
}
