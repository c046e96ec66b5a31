package io.github.cpugate.bench.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.demo.RunResult;
import io.github.cpugate.demo.Tick;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutcomeTest {

    /** Returns a reading for each second, from 1 s on. */
    private static List<Tick> ticks(int waiting, double... cpu) {
        List<Tick> ticks = new ArrayList<>();
        for (double each : cpu) {
            ticks.add(new Tick(ticks.size() + 1, each, 6, 6, waiting, 0));
        }
        return ticks;
    }

    @Test
    void theStartOfARunCountsForOverloadOnly() {
        RunResult run = new RunResult(ticks(1, 99, 95, 62, 79, 78, 61), 3, List.of(2.0, 6.0), 7, 9);

        Outcome outcome = Outcome.of(run, List.of(2.0, 4.0));
        assertThat(outcome.cpu()).isEqualTo(70);
        assertThat(outcome.inBand()).isEqualTo(50);
        assertThat(outcome.secondsOver()).isEqualTo(2);
        assertThat(outcome.stretch()).isEqualTo(1.5, within(1e-9));
    }

    @Test
    void backInBandMeansThreeSecondsInARow() {
        List<Tick> ticks = ticks(1, 70, 70, 70, 95, 95, 70, 70, 85, 70, 70, 70);

        assertThat(Outcome.secondsUntilBackInBand(ticks, 5)).isEqualTo(3);
        assertThat(Outcome.secondsUntilBackInBand(ticks, 8)).isZero();
        assertThat(Outcome.secondsUntilBackInBand(ticks, 9))
                .as("only two seconds are left")
                .isNaN();
    }

    @Test
    void secondsWithoutWaitingCallersDoNotCountAsInBand() {
        assertThat(Outcome.secondsUntilBackInBand(ticks(0, 70, 70, 70, 70), 0)).isNaN();
    }

    @Test
    void theHighestReadingIsTakenFromTheGivenSeconds() {
        assertThat(Outcome.highestCpu(ticks(1, Double.NaN, 20, 60, 90), 3)).isEqualTo(60);
    }
}
