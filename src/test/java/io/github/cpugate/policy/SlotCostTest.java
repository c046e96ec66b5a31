package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotCostTest {

    private static final double UNKNOWN = Double.NaN;

    private final SlotCost cost = new SlotCost();

    /** Steps in which each slot costs {@code own} in the JVM, and the others use {@code others}. */
    private void learn(int steps, double slots, double own, double others) {
        for (int i = 0; i < steps; i++) {
            cost.learn(slots, own * slots + others, own * slots);
        }
    }

    @Test
    void startsWithoutAnyCost() {
        assertThat(cost.perSlot()).isZero();
        assertThat(cost.predicted(1000)).isZero();
        assertThat(cost.isSignificant(UNKNOWN)).isFalse();
    }

    @Test
    void ownCpuWithoutNoiseYieldsTheExactCost() {
        for (int slots = 1; slots <= 10; slots++) {
            learn(1, slots, 5, 0);
        }
        assertThat(cost.perSlot()).isEqualTo(5, within(1e-9));
        assertThat(cost.ownPerSlot()).isEqualTo(5, within(1e-9));
        assertThat(cost.maxPerSlot(UNKNOWN)).isEqualTo(5 + 0.2 / 10, within(1e-9));
        assertThat(cost.predicted(12)).isEqualTo(60, within(1e-9));
        assertThat(cost.deadSteps()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
    void theDeadTimeIsFoundWhileSlotsClimbAndThenKept(int dead) {
        double[] slots = new double[100];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = i < 20 ? i : i < 60 ? 20 : Math.max(0, 80 - i);
            double own = i < dead ? 0 : 3 * slots[i - dead];
            cost.learn(slots[i], own, own);
            if (i == 19) {
                assertThat(cost.deadSteps()).as("after the climb").isEqualTo(dead);
                assertThat(cost.perSlot()).isEqualTo(3, within(1e-9));
            }
        }
        assertThat(cost.deadSteps()).as("after a rest and a drain").isEqualTo(dead);

        for (int i = 1; i < 20; i++) {
            cost.learn(i, 95, dead < 3 ? 0 : 5 * i);
        }
        assertThat(cost.deadSteps())
                .as("a saturated host yields no information")
                .isEqualTo(dead);
    }

    @Test
    void aClimbSeparatesOtherWorkOfTheProcessFromTheCost() {
        for (int slots = 2; slots < 14; slots++) {
            cost.learn(slots, 30 + 2 * slots, 30 + 2 * slots);
        }
        assertThat(cost.deadSteps()).isZero();
        assertThat(cost.ownPerSlot())
                .as("a fit through the origin would yield more than 4")
                .isEqualTo(2, within(0.4));
        assertThat(cost.predicted(20)).as("CPU at 20 slots").isEqualTo(70, within(5.0));
        assertThat(cost.predicted(0)).as("CPU without slots").isEqualTo(30, within(5.0));
    }

    @Test
    void atRestAllOwnCpuIsAttributedToSlots() {
        learn(30, 4, 9.5, 0);
        assertThat(cost.perSlot()).isEqualTo(9.5, within(1e-9));
        assertThat(cost.predicted(0)).isEqualTo(0, within(1e-9));
    }

    @Test
    void ownCpuBeforeAnySessionCostsIsNotAttributedToSlots() {
        for (int i = 0; i < 5; i++) {
            cost.learn(0, 30, 30);
        }
        for (int i = 0; i < 3; i++) {
            cost.learn(4, 38, 38);
        }
        assertThat(cost.perSlot()).isEqualTo(2, within(0.5));
    }

    @Test
    void atRestHalfOfTheOthersCpuIsAttributedToSlots() {
        learn(30, 4, 2, 20);
        assertThat(cost.perSlot()).isEqualTo(2 + 10 / 4.0, within(1e-9));
        assertThat(cost.predicted(4)).isEqualTo(28, within(1e-9));
    }

    @Test
    void othersCpuBeforeAnySessionCostsIsBackground() {
        learn(5, 0, 0, 20);
        learn(5, 4, 2, 20);
        assertThat(cost.perSlot()).isEqualTo(2, within(1e-9));
        assertThat(cost.predicted(0)).isEqualTo(20, within(1e-9));
    }

    @Test
    void othersCpuThatStaysWhileSlotsMoveIsBackground() {
        learn(30, 4, 2, 20);
        learn(10, 8, 2, 20);
        learn(10, 12, 2, 20);
        assertThat(cost.perSlot()).isEqualTo(2, within(0.2));
        assertThat(cost.predicted(0)).isEqualTo(20, within(2.0));
    }

    @Test
    void othersCpuThatMovesWithSlotsIsPartOfTheirCost() {
        learn(30, 4, 2, 5 + 3 * 4);
        learn(10, 8, 2, 5 + 3 * 8);
        learn(10, 12, 2, 5 + 3 * 12);
        assertThat(cost.perSlot()).isEqualTo(2 + 3, within(0.2));
        assertThat(cost.predicted(0)).isEqualTo(5, within(2.0));
    }

    @Test
    void withoutOwnCpuTheSlotsSeparateCostAndBackground() {
        for (int slots : new int[] {2, 4, 6, 8, 10, 12}) {
            for (int i = 0; i < 5; i++) {
                cost.learn(slots, 15 + 4 * slots, UNKNOWN);
            }
        }
        assertThat(cost.perSlot()).isEqualTo(4, within(0.2));
        assertThat(cost.predicted(12)).isEqualTo(63, within(1.0));
        assertThat(cost.ownPerSlot()).as("it may all be background").isZero();
        assertThat(cost.maxPerSlot(UNKNOWN)).isEqualTo(cost.perSlot() + 4.0 / 12, within(1e-9));
        assertThat(cost.isSignificant(8)).isTrue();
    }

    @Test
    void withoutOwnCpuOrBackgroundTheDeadTimeIsFoundToo() {
        for (int i = 0; i < 20; i++) {
            cost.learn(i, 3 * Math.max(0, i - 4), UNKNOWN);
        }
        assertThat(cost.deadSteps()).isEqualTo(4);
        assertThat(cost.predicted(19)).isEqualTo(57, within(1.0));
    }

    @Test
    void aJumpOfTheBackgroundIsFollowedWithinTwoSteps() {
        learn(30, 4, 2, 10);
        learn(2, 4, 2, 50);
        assertThat(cost.predicted(4)).as("up").isEqualTo(58, within(1.0));
        learn(2, 4, 2, 10);
        assertThat(cost.predicted(4)).as("down").isEqualTo(18, within(1.0));
    }

    @Test
    void aSaturatedHostNeverLowersTheCostButMayRaiseIt() {
        learn(10, 4, 10, 0);
        for (int i = 0; i < 50; i++) {
            cost.learn(9, 100, 50);
        }
        assertThat(cost.ownPerSlot()).as("sessions get less than they ask for").isEqualTo(10, within(1e-9));
        cost.learn(9, 100, 99);
        assertThat(cost.ownPerSlot()).isGreaterThan(10);
    }

    @Test
    void theCpuOfAnIdleJvmIsNotASignificantCost() {
        learn(10, 1, 0.9, 40);
        assertThat(cost.isSignificant(UNKNOWN)).as("less than a point").isFalse();
        assertThat(cost.isSignificant(5.5)).as("0.0495 cores").isFalse();
        assertThat(cost.isSignificant(5.6)).as("0.0504 cores").isTrue();
        learn(10, 1, 3, 40);
        assertThat(cost.isSignificant(UNKNOWN)).isTrue();
        assertThat(cost.isSignificant(1.6)).isFalse();
    }

    @Test
    void aWeekWithoutASlotKeepsTheCost() {
        learn(10, 4, 20, 0);
        for (int i = 0; i < 300_000; i++) {
            cost.learn(0, 0.05, 0.05);
        }
        assertThat(cost.ownPerSlot()).as("except for the CPU without a slot").isEqualTo(20, within(0.05 / 4));
        learn(1, 4, 5, 0);
        assertThat(cost.ownPerSlot())
                .as("the first slots after that week decide")
                .isEqualTo(5, within(0.05 / 4));
    }

    @Test
    void theEstimateIsTheSameForAMillionSlotsAsForTen() {
        SlotCost ofMillion = new SlotCost();
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            double slots = 5 + Math.min(5, i / 10.0);
            double cpu = 10 + 5 * slots + random.nextGaussian();
            cost.learn(slots, cpu, UNKNOWN);
            ofMillion.learn(1e5 * slots, cpu, UNKNOWN);
        }
        assertThat(1e5 * ofMillion.perSlot()).isEqualTo(cost.perSlot(), within(1e-6));
        assertThat(ofMillion.predicted(1_000_000)).isEqualTo(cost.predicted(10), within(1e-6));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void theEstimatesStayPossibleWhateverTheInput(long seed) {
        Random random = new Random(seed);
        SlotCost estimate = new SlotCost();
        Regime regime = Regime.ANY;
        for (int i = 0; i < 20_000; i++) {
            if (random.nextInt(30) == 0) {
                regime = Regime.values()[random.nextInt(Regime.values().length)];
            }
            if (random.nextInt(500) == 0) {
                estimate = new SlotCost();
            }
            // A slot held for 20 ns of 2 s is 1e-8 slots on average.
            double slots = regime == Regime.IDLE ? 0 : Math.pow(10, -8 + 14 * random.nextDouble());
            double cpu = regime == Regime.SATURATED ? 100 : 100 * Math.pow(random.nextDouble(), 4);
            double own = switch (regime) {
                case OWN_UNKNOWN -> UNKNOWN;
                case IDLE -> Math.pow(10, -8 + 8 * random.nextDouble());
                case OWN_ZERO -> 0;
                case ANY, SATURATED -> 100 * random.nextDouble(); // sometimes more than all CPU
            };
            estimate.learn(slots, cpu, own);
            assertPossible(estimate, "step " + i + ": " + slots + " slots, cpu " + cpu + ", own " + own);
        }
    }

    private enum Regime {
        ANY,
        IDLE,
        OWN_ZERO,
        SATURATED,
        OWN_UNKNOWN
    }

    private static void assertPossible(SlotCost cost, String at) {
        double[] estimates = {
            cost.perSlot(),
            cost.ownPerSlot(),
            cost.maxPerSlot(UNKNOWN) - cost.perSlot(),
            cost.predicted(1),
            cost.predicted(1_000_000)
        };
        for (double estimate : estimates) {
            if (!(estimate >= 0 && estimate < Double.POSITIVE_INFINITY)) {
                throw new AssertionError(estimate + " at " + at);
            }
        }
        if (cost.predicted(0) > 2 * 101) { // own CPU and the others', of different times
            throw new AssertionError("a background of " + cost.predicted(0) + " at " + at);
        }
    }
}
