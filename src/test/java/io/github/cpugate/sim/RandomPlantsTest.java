package io.github.cpugate.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.RandomPlants.Run;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Holds {@code headroom()} to its bounds on plants that nobody chose: the first of those of the page on random plants.
 */
@Tag("slow")
@Tag("virtual-time")
class RandomPlantsTest {

    private static final int PLANTS = 60;

    private static List<RandomLoop.Result> oracles;

    @BeforeAll
    @Timeout(300)
    static void findTheOracles() {
        oracles = RandomPlants.oracles(1, PLANTS);
    }

    @Test
    void noPlantIsOverloadedLastingly() {
        RandomPlants headroom = RandomPlants.of(StepPolicy::headroom, true, 1, oracles);

        assertThat(headroom.count(run -> run.moreTimeOver() > 25))
                .as(headroom.broken())
                .isZero();
        assertThat(headroom.count(run -> run.moreTimeOver() > 15))
                .as(headroom.broken())
                .isLessThanOrEqualTo(1);
        assertThat(headroom.count(Run::isHot)).as(headroom.broken()).isLessThanOrEqualTo(1);
        assertThat(headroom.count(Run::breaksABound)).as(headroom.broken()).isLessThanOrEqualTo(PLANTS * 6 / 100);
        assertThat(headroom.quantile(0.5, Run::work)).isGreaterThan(0.99);
    }

    @Test
    void noPlantIsOverloadedLastinglyIfOwnCpuIsUnknown() {
        RandomPlants headroom = RandomPlants.of(StepPolicy::headroom, false, 1, oracles);

        assertThat(headroom.count(run -> run.moreTimeOver() > 25))
                .as(headroom.broken())
                .isZero();
        assertThat(headroom.count(Run::breaksABound)).as(headroom.broken()).isLessThanOrEqualTo(PLANTS / 10);
    }

    @Test
    void theSameSeedDrawsTheSamePlantAndRun() {
        RandomPlant plant = new RandomPlant(7);

        assertThat(new RandomPlant(7)).hasToString(plant.toString());
        assertThat(RandomLoop.run(plant, StepPolicy.headroom(), true))
                .isEqualTo(RandomLoop.run(plant, StepPolicy.headroom(), true));
    }
}
