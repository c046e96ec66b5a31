package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.ManySlots.Distortion;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds {@code headroom()} to its promise where readings are odd, and where the dead time changes at rest. */
@Tag("slow")
class OddReadingsTest {

    private static final int SEEDS = 2;

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
        for (int seed = 1; seed <= SEEDS; seed++) {
            sum += new ManySlots(sessionSteps, step -> deadSteps, seed)
                    .percentOver(StepPolicy.headroom(), distortion, 100, 800);
        }
        return sum / SEEDS;
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
            double headroom = 0;
            double plain = 0;
            for (int seed = 1; seed <= SEEDS; seed++) {
                headroom += drift(from, to, steps, sessionSteps, seed, StepPolicy.headroom()) / SEEDS;
                plain += drift(from, to, steps, sessionSteps, seed, StepPolicy.oneSlot()) / SEEDS;
            }
            assertThat(headroom)
                    .as("percent of the steps above 80 %%, with sessions of %s steps", sessionSteps)
                    .isLessThanOrEqualTo(plain + 5);
        }
    }

    private static double drift(int from, int to, int steps, int sessionSteps, long seed, StepPolicy policy) {
        int start = 400;
        return new ManySlots(
                        sessionSteps,
                        step -> step < start
                                ? from
                                : step >= start + steps ? to : from + (to - from) * (double) (step - start) / steps,
                        seed)
                .percentOver(policy, (step, right) -> right, start + steps + 60, 1000);
    }
}
