package io.github.cpugate.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class RunResultTest {

    @Test
    void theSteadyPartIsConvergedAndHasCallersInLine() {
        RunResult run = new RunResult(
                List.of(
                        new Tick(1, 10, 1, 1, 9, 0),
                        new Tick(2, 60, 4, 4, 5, 0),
                        new Tick(3, Double.NaN, 4, 4, 5, 0),
                        new Tick(4, 70, 5, 5, 1, 1),
                        new Tick(5, 20, 5, 2, 0, 7)),
                2,
                List.of(1.0),
                6,
                3);

        RunResult.Steady steady = run.steady();
        assertThat(steady.meanCpu()).isEqualTo(65, within(1e-9));
        assertThat(steady.sdCpu()).isEqualTo(5, within(1e-9));
        assertThat(steady.meanInFlight()).isEqualTo(4.5, within(1e-9));
        assertThat(steady.seconds()).isEqualTo(2);
    }

    @Test
    void percentilesUseTheNearestRank() {
        List<Double> values = List.of(5.0, 1.0, 4.0, 2.0, 3.0);
        assertThat(RunResult.percentile(values, 50)).isEqualTo(3);
        assertThat(RunResult.percentile(values, 95)).isEqualTo(5);
        assertThat(RunResult.percentile(values, 0)).isEqualTo(1);
    }
}
