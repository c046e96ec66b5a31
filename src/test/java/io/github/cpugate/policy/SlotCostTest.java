package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotCostTest {

    private final SlotCost cost = new SlotCost();

    private void learn(int steps, double slots, double perSlot) {
        for (int i = 0; i < steps; i++) {
            cost.learn(slots, perSlot * slots);
        }
    }

    @Test
    void startsWithoutAnyCost() {
        assertThat(cost.perSlot()).isZero();
        assertThat(cost.perSlotWithoutBase()).isZero();
        assertThat(cost.delayedSlots()).isZero();
        assertThat(cost.deadSteps()).isZero();
    }

    @Test
    void cpuWithoutNoiseYieldsTheExactCost() {
        for (int slots = 1; slots <= 10; slots++) {
            learn(1, slots, 5);
        }
        assertThat(cost.perSlot()).isEqualTo(5, within(1e-9));
        assertThat(cost.perSlotWithoutBase()).isEqualTo(5, within(1e-9));
        assertThat(cost.delayedSlots()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
    void theDeadTimeIsFoundWhileSlotsClimbAndThenKept(int dead) {
        double[] slots = new double[100];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = i < 20 ? i : i < 60 ? 20 : Math.max(0, 80 - i);
            cost.learn(slots[i], i < dead ? 0 : 3 * slots[i - dead]);
            if (i == 19) {
                assertThat(cost.deadSteps()).as("after the climb").isEqualTo(dead);
                assertThat(cost.perSlot()).isEqualTo(3, within(1e-9));
                assertThat(cost.delayedSlots()).as("those that use CPU").isEqualTo(19 - dead);
            }
        }
        assertThat(cost.deadSteps()).as("after a rest and a drain").isEqualTo(dead);
    }

    @Test
    void aDeadTimeOfHalfAStepIsBetweenTwo() {
        for (int i = 1; i < 20; i++) {
            cost.learn(i, 3 * (i - 0.5));
        }
        assertThat(cost.deadTime()).isEqualTo(0.5);
        assertThat(cost.deadSteps()).isOne();
        assertThat(cost.delayedSlots()).isEqualTo(18.5);
    }

    @Test
    void aClimbSeparatesOtherWorkOfTheProcessFromTheCost() {
        for (int slots = 2; slots < 14; slots++) {
            cost.learn(slots, 30 + 2 * slots);
        }
        assertThat(cost.deadSteps()).isZero();
        assertThat(cost.perSlot())
                .as("a fit through the origin would yield more than 4")
                .isEqualTo(2, within(0.4));
        assertThat(cost.perSlotWithoutBase()).isGreaterThan(4);
    }

    @Test
    void atRestAllCpuIsAttributedToSlots() {
        learn(30, 4, 9.5);
        assertThat(cost.perSlot()).isEqualTo(9.5, within(1e-9));
    }

    @Test
    void cpuBeforeAnySessionIsNotAttributedToSlots() {
        for (int i = 0; i < 5; i++) {
            cost.learn(0, 30);
        }
        for (int i = 0; i < 3; i++) {
            cost.learn(4, 38);
        }
        assertThat(cost.perSlot()).isEqualTo(2, within(0.5));
    }

    @Test
    void halfTheCoresMakeTheSameWorkTwiceThePercentage() {
        for (int slots = 1; slots <= 10; slots++) {
            cost.learn(slots, 3 * Math.max(0, slots - 2));
        }
        cost.scale(2);
        assertThat(cost.perSlot()).isEqualTo(6, within(1e-9));
        assertThat(cost.deadSteps()).isEqualTo(2);
        for (int slots = 11; slots <= 20; slots++) {
            cost.learn(slots, 6 * (slots - 2));
            assertThat(cost.perSlot()).isEqualTo(6, within(1e-9));
            assertThat(cost.deadSteps()).isEqualTo(2);
        }
    }

    @Test
    void aWeekWithoutASlotKeepsTheCost() {
        learn(10, 4, 20);
        for (int i = 0; i < 300_000; i++) {
            cost.learn(0, 0.05);
        }
        assertThat(cost.perSlot()).as("except for the CPU without a slot").isEqualTo(20, within(0.05 / 4));
    }

    @Test
    void theEstimateIsTheSameForAMillionSlotsAsForTen() {
        SlotCost ofMillion = new SlotCost();
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            double slots = 5 + Math.min(5, i / 10.0);
            double cpu = 10 + 5 * slots + random.nextGaussian();
            cost.learn(slots, cpu);
            ofMillion.learn(1e5 * slots, cpu);
        }
        assertThat(1e5 * ofMillion.perSlot()).isEqualTo(cost.perSlot(), within(1e-6));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void theEstimatesStayPossibleWhateverTheInput(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            boolean idle = random.nextInt(50) == 0;
            // A slot held for 20 ns of 2 s is 1e-8 slots on average.
            double slots = idle ? 0 : Math.pow(10, -8 + 14 * random.nextDouble());
            double own = random.nextInt(20) == 0 ? 0 : 100 * Math.pow(random.nextDouble(), 4);
            if (random.nextInt(500) == 0) {
                cost.scale(random.nextBoolean() ? 0.01 : 100);
            }
            cost.learn(slots, own);
            for (double estimate : new double[] {cost.perSlot(), cost.perSlotWithoutBase(), cost.delayedSlots()}) {
                if (!(estimate >= 0 && estimate < Double.POSITIVE_INFINITY)) {
                    throw new AssertionError(estimate + " at step " + i + ": " + slots + " slots, own " + own);
                }
            }
        }
    }
}
