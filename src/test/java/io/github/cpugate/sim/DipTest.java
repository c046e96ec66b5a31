package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.sim.Dip.Found;
import io.github.cpugate.sim.ServiceRun.Manners;
import io.github.cpugate.sim.ServiceRun.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Simulates a gate before a service that serves 12 requests at once, then 4, then 12 again. */
@Timeout(120)
class DipTest {

    private static final Dip DIP = Dip.SHOWN.get(0);

    @ParameterizedTest
    @EnumSource(names = {"ONE_SLOT", "HEADROOM"})
    void theLimitOfTheServiceIsFoundWithinTenSteps(Rules rule) {
        Found found = DIP.mean(rule, Manners.TELLS);

        assertThat(found.down()).isLessThanOrEqualTo(10);
        assertThat(found.up()).isLessThanOrEqualTo(10);
        assertThat(found.median()).as("refusals of a session").isLessThanOrEqualTo(2);
        assertThat(found.seconds()).as("all sessions have ended").isPositive();
    }

    @ParameterizedTest
    @EnumSource(names = {"ONE_SLOT", "HEADROOM"})
    void theCpuLimitIsHeldWhileTheServiceRefuses(Rules rule) {
        int maxDifference = rule == Rules.HEADROOM ? 3 : 2; // the limit of the run without refusals fluctuates
        for (long seed = 1; seed <= Dip.SEEDS; seed++) {
            List<Integer> limits = cpuLimits(DIP.run(rule, Manners.TELLS, seed));
            List<Integer> alone = cpuLimits(DIP.withoutLimit(rule, seed));

            assertThat(limits.subList(0, Dip.LIMITED_FROM))
                    .as("no request is refused until then")
                    .isEqualTo(alone.subList(0, Dip.LIMITED_FROM));
            assertThat(limits.subList(Dip.LIMITED_FROM + 10, limits.size()))
                    .as("the CPU limit stays, since callers do not reach it")
                    .containsOnly(limits.get(Dip.LIMITED_FROM + 10));
            assertThat(IntStream.range(0, Math.min(limits.size(), alone.size()))
                            .map(i -> Math.abs(limits.get(i) - alone.get(i)))
                            .max())
                    .as("differs only by the noise of the run without refusals, whose CPU limit binds")
                    .satisfies(most -> assertThat(most.getAsInt()).isLessThanOrEqualTo(maxDifference));
        }
    }

    @Test
    void theServiceIsFullyUsedDuringTheDipAndAfterIt() {
        ServiceRun run = DIP.run(Rules.ONE_SLOT, Manners.TELLS, 1);

        assertThat(running(run, Dip.FALLS_AT + 10, DIP.returnsAt())).isBetween(3.8, 4.0);
        assertThat(running(run, DIP.returnsAt() + 10, DIP.returnsAt() + 100)).isBetween(11.5, 12.0);
    }

    private static double running(ServiceRun run, int from, int to) {
        return run.steps.subList(from, to).stream()
                .mapToDouble(Step::running)
                .average()
                .orElseThrow();
    }

    private static List<Integer> cpuLimits(ServiceRun run) {
        return run.steps.stream()
                .filter(step -> step.waiting() > 0)
                .map(Step::cpuLimit)
                .toList();
    }

    @Test
    void theDocumentShowsTheSimulatedFigures() throws IOException {
        assertThat(Files.readString(Path.of("docs/internals/simulated-service.md")))
                .contains(Simulate.dips());
    }
}
