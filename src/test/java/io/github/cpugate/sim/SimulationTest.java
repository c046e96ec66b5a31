package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.sim.Comparison.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the figures of the page on simulation, and the bounds of {@code headroom()} in every scenario. */
@Timeout(300)
@Tag("slow")
@Tag("virtual-time")
class SimulationTest {

    private static Map<Scenarios, List<Comparison>> comparisons;

    @BeforeAll
    @Timeout(300)
    static void simulate() {
        comparisons = Simulate.comparisons(Seeds.DOCUMENTED);
    }

    @Test
    void headroomKeepsItsBoundsInEveryScenario() {
        assertThat(comparisons).hasSize(Scenarios.values().length);
        assertThat(Simulate.broken(comparisons)).isEmpty();
    }

    @Test
    void thePageShowsTheSimulatedFigures() throws IOException {
        assertThat(withoutVegas(Files.readString(Path.of("docs/internals/simulation.md"))))
                .contains(withoutVegas(Simulate.figures(0)))
                .contains(Simulate.bounds(comparisons))
                .contains(withoutVegas(Simulate.figures(1)));
    }

    /** Vegas probes at random moments, so its figures differ from run to run. */
    private static String withoutVegas(String tables) {
        return tables.lines().filter(line -> !line.startsWith("| Vegas |")).collect(Collectors.joining("\n", "", "\n"));
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        Scenario scenario = Scenarios.all().get(0);
        Simulation oracle = Simulation.fixed(scenario, 7, 8);

        assertThat(Simulation.of(scenario, 7, Rules.HEADROOM).outcome(oracle))
                .isEqualTo(Simulation.of(scenario, 7, Rules.HEADROOM).outcome(oracle))
                .isNotEqualTo(Simulation.of(scenario, 8, Rules.HEADROOM).outcome(oracle));
    }

    @Test
    void anOverloadedPlantSharesItsCoresEqually() {
        Plant plant = new Plant(1, 2, second -> 0.5);
        List<Double> ends = new ArrayList<>();
        plant.run(0, 0.5, 10, () -> ends.add(plant.now()));
        plant.advanceTo(5);
        plant.run(1, 1, 10, () -> ends.add(plant.now())); // demand is 2 cores, and there is 1

        plant.advanceTo(15);
        assertThat(ends).as("the first task had half of its time left").containsExactly(15.0);
        plant.advanceTo(100);

        assertThat(ends).hasSize(2);
        assertThat(ends.get(1))
                .as("5 of its 10 s are done at 15; then demand is 1.5 cores")
                .isCloseTo(22.5, within(1e-6));
        assertThat(plant.used(0)).isCloseTo(5, within(1e-6));
        assertThat(plant.used(1)).isCloseTo(10, within(1e-6));
        assertThat(plant.busy()).isCloseTo(5 + 10 + 5 * 0.5 + 10 * 0.25 + 7.5 / 3 + 77.5 * 0.5, within(1e-6));
    }

    @Test
    void aPlantHasNoNegativeDemandOnceItsTasksHaveEnded() {
        Plant plant = new Plant(1, 2, second -> 0);
        double[] demand = {0.1, 0.4, 0.2}; // 0.1 + 0.4 + 0.2 - 0.1 - 0.4 - 0.2 is below 0
        for (int i = 0; i < demand.length; i++) {
            plant.run(0, demand[i], 1 + i, () -> {});
        }
        plant.run(1, 0.1, 4, () -> {});
        plant.advanceTo(10);
        List<Double> ends = new ArrayList<>();
        plant.run(1, 0.5, 5, () -> ends.add(plant.now()));

        plant.advanceTo(20);
        assertThat(ends).containsExactly(15.0);
    }
}
