package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.sim.Fleets.Size;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests what fleets come to that share nothing but a queue, and the figures of the page on simulated fleets. */
@Timeout(400)
@Tag("slow")
@Tag("virtual-time")
class FleetsTest {

    private static final Map<Size, Map<FleetRule, List<FleetOutcome>>> OUTCOMES = new EnumMap<>(Size.class);

    /** Runs all but the other rules on 1,000 machines, which would take a minute. */
    @BeforeAll
    @Timeout(400)
    static void simulate() {
        for (Size size : Size.values()) {
            FleetRule[] all = FleetRule.values();
            OUTCOMES.put(size, size == Size.THOUSAND ? size.outcomes(FleetRule.HEADROOM) : size.outcomes(all));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Size.class,
            names = {"TEN", "HUNDRED", "THOUSAND"})
    void headroomTakesAtMost5PercentMoreThanTheIdeal(Size size) {
        assertThat(OUTCOMES.get(size).get(FleetRule.HEADROOM)).isNotEmpty().allSatisfy(outcome -> {
            assertThat(outcome.batch()).isBetween(1.0, 1.05);
            assertThat(outcome.over()).isLessThanOrEqualTo(5);
            assertThat(outcome.p95Stretch()).isLessThanOrEqualTo(1.01);
        });
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        FleetOutcome outcome = FleetRun.of(Size.TEN.fleet(1), FleetRule.HEADROOM);

        assertThat(FleetRun.of(Size.TEN.fleet(1), FleetRule.HEADROOM)).isEqualTo(outcome);
        assertThat(FleetRun.of(Size.TEN.fleet(2), FleetRule.HEADROOM)).isNotEqualTo(outcome);
    }

    @Test
    void theDocumentShowsTheSimulatedFigures() throws IOException {
        assertThat(Files.readString(Path.of("docs/internals/simulated-fleet.md")))
                .contains(Fleets.batches(OUTCOMES).lines().toList())
                .contains(Fleets.polls(OUTCOMES))
                .contains(Fleets.timeouts());
    }
}
