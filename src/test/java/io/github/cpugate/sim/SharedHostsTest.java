package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.StepReport;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.sim.SharedHosts.Figures;
import io.github.cpugate.sim.SharedHosts.Policy;
import io.github.cpugate.sim.SharedRun.Way;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests the rule by which gates share a host, on simulated hosts. */
@Timeout(120)
@Tag("slow")
@Tag("virtual-time")
class SharedHostsTest {

    private static Map<SharedScenario, Map<Policy, Figures>> figures;

    @BeforeAll
    static void simulate() {
        figures = SharedHosts.figures(SharedScenarios.all());
    }

    @Test
    void gatesShareEveryHostWithinTheBounds() {
        List<String> broken = new ArrayList<>();
        figures.forEach((scenario, each) -> each.forEach((policy, of) -> broken.addAll(of.broken(scenario, policy))));

        assertThat(figures).isNotEmpty();
        assertThat(broken).isEmpty();
    }

    @Test
    void theOthersTakeTheRoomOfAKilledGate() {
        for (SharedScenario scenario : SharedScenarios.killed()) {
            assertThat(SharedHosts.stepsToTake(scenario, Policy.ONE_SLOT))
                    .as(scenario.name)
                    .isLessThanOrEqualTo(15);
            assertThat(SharedHosts.stepsToTake(scenario, Policy.HEADROOM))
                    .as(scenario.name)
                    .isLessThanOrEqualTo(6);
        }
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void aLoneGateDecidesAsIfItDidNotShare(Policy policy) {
        SharedScenario lone =
                new SharedScenario("lone", 8).gates(1, 0, 600, 0.17, 20).background(t -> t > 100 && t < 200 ? 3 : 0);

        for (long seed = 1; seed <= 5; seed++) {
            assertThat(decisions(lone, Way.SHARED, policy, seed))
                    .hasSizeGreaterThan(100)
                    .isEqualTo(decisions(lone, Way.UNSHARED, policy, seed));
        }
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void aGateWhosePeersHaveNoDemandDecidesAsIfItDidNotShare(Policy policy) {
        SharedScenario scenario = new SharedScenario("little demand", 8)
                .gates(1, 0, 600, 0.17, 20)
                .gate(60, 100, 0.17, 20);
        scenario.last().work.bursts(1, 4).minSlots = 16;

        for (long seed = 1; seed <= 5; seed++) {
            assertThat(decisions(scenario, Way.SHARED, policy, seed))
                    .hasSizeGreaterThan(100)
                    .isEqualTo(decisions(scenario, Way.UNSHARED, policy, seed));
        }
    }

    /** What the first gate decided at each step. */
    private static List<String> decisions(SharedScenario scenario, Way way, Policy policy, long seed) {
        return SharedRun.of(scenario, way, policy.maker, seed).reports.get(0).stream()
                .map(step -> step.limitAfter() + " " + step.reason())
                .toList();
    }

    @Test
    void theGateWithTheLowerTargetYields() {
        SharedScenario scenario = new SharedScenario("two targets", 8).gates(2, 60, 500, 0.17, 20);
        scenario.gates.get(0).work.target = 50;

        List<StepReport> reports = SharedRun.of(scenario, Way.SHARED, Policy.ONE_SLOT.maker, 1)
                .reports
                .get(0);

        assertThat(reports.get(29).limitAfter()).as("before the other starts").isGreaterThan(15);
        assertThat(reports.get(150).limitAfter()).isEqualTo(1);
    }

    @Test
    void aGateThatYieldsSaysSo() {
        SharedScenario scenario = SharedScenarios.all().get(0);

        assertThat(SharedRun.of(scenario, Way.SHARED, Policy.HEADROOM.maker, 1)
                        .reports
                        .get(0))
                .extracting(StepReport::reason)
                .contains(Reason.YIELDED);
    }

    @Test
    void theDocumentShowsTheSimulatedFigures() throws IOException {
        assertThat(Files.readString(Path.of("docs/internals/simulated-shared-host.md")))
                .contains(SharedHosts.table(figures))
                .contains(SharedHosts.killedTable())
                .contains(SharedHosts.table(SharedHosts.figures(SharedScenarios.others())));
    }
}
