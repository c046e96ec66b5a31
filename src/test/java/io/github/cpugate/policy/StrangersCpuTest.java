package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StrangersCpuTest {

    private final StrangersCpu strangers = new StrangersCpu();

    /** Returns by how much strangers' CPU has moved in all. */
    private double moved(int steps, double others, double own) {
        double sum = 0;
        for (int i = 0; i < steps; i++) {
            sum += strangers.move(others, own);
        }
        return sum;
    }

    @Test
    void cpuThatWasThereAtFirstHasNotMoved() {
        assertThat(moved(50, 30, 20)).isEqualTo(0, within(1e-9));
    }

    @Test
    void aStrangerThatComesShowsWithinSomeSteps() {
        moved(50, 5, 40);
        assertThat(moved(8, 25, 40)).isEqualTo(20, within(3.0));
        assertThat(moved(30, 25, 40)).as("and moves no further").isEqualTo(0, within(3.0));
        assertThat(moved(8, 5, 40)).as("until it goes").isEqualTo(-20, within(4.0));
    }

    @Test
    void childProcessesThatWorkForTheSessionsAreNoStrangers() {
        for (int i = 0; i < 100; i++) {
            double own = 10 + 5 * Math.sin(i / 3.0);
            strangers.move(4 * own, own);
        }
        double most = 0;
        for (int i = 100; i < 150; i++) {
            double own = 10 + 5 * Math.sin(i / 3.0);
            most = Math.max(most, Math.abs(strangers.move(4 * own, own)));
        }
        assertThat(most).as("points, while the child processes move by 40").isLessThan(1.5);
    }

    @Test
    void nothingMovesWhereTheUnitsChange() {
        moved(50, 5, 40);
        strangers.forget();
        assertThat(strangers.move(10, 80)).isZero();
    }
}
