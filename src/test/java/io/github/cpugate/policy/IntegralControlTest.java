package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests the control at a target of 70, from a start at 100 slots that each use 0.7 points. */
class IntegralControlTest {

    private static final double COST = 0.7;

    private final SlotCost model = new SlotCost();
    private final IntegralControl control = new IntegralControl(model);
    private int limit = 100;
    private double target = 70;
    private boolean limitReached = true;

    @BeforeEach
    void start() {
        model.learn(limit, COST * limit);
        control.start(input(COST * limit, limit), limit, COST, COST * limit, COST * limit);
    }

    private StepInput input(double cpu, double inFlight) {
        CpuSample sample = CpuSample.of(new CpuReading(cpu, cpu, 2_000_000_000L, CpuReading.HOST, 4), cpu);
        return StepInput.of(sample, target, limit)
                .withMeanInFlight(inFlight)
                .withMaxSlots(1000)
                .withLimitReached(limitReached);
    }

    /** A step in which the slots of the limit are in flight. */
    private void step(double own, double others) {
        step(own, others, limit);
    }

    private void step(double own, double others, double inFlight) {
        model.learn(inFlight, own);
        limit = control.nextLimit(input(own + others, inFlight), own + others, own);
    }

    private void steps(int steps, double perSlot, double others) {
        for (int i = 0; i < steps; i++) {
            step(Math.min(100 - others, perSlot * limit), others);
        }
    }

    @Test
    void restsWhereCpuMeetsTheTarget() {
        steps(200, COST, 0);
        assertThat(COST * limit).isBetween(68.0, 70.0);
    }

    @Test
    void aTargetOfAnotherScopeIsNotTakenForAMoveOfTheTarget() {
        steps(100, COST, 0);
        int before = limit;

        model.scale(0.5);
        control.scale(0.5);
        target = 35;
        step(COST / 2 * limit, 0);

        assertThat(limit).isBetween(before - 2, before + 2);
    }

    @Test
    void aFirstReadingWithoutAnyErrorTellsNothing() {
        SlotCost large = new SlotCost();
        IntegralControl few = new IntegralControl(large);
        large.learn(2, 61);
        limit = 2;
        few.start(input(61, 2), 2, 30.5, 61, 61);
        large.learn(2, 61);
        assertThat(few.nextLimit(input(61, 2), 61, 61))
                .as("61 is the target less the largest margin")
                .isEqualTo(2);
    }

    @Test
    void followsWorkThatBecomesDearerAndCheaper() {
        steps(50, COST, 0);
        steps(20, 2 * COST, 0);
        assertThat(2 * COST * limit).as("twice as dear").isBetween(65.0, 75.0);
        steps(40, COST / 2, 0);
        assertThat(COST / 2 * limit).as("a quarter of that").isBetween(65.0, 72.0);
    }

    @Test
    void makesRoomForAStrangerWithinSomeSteps() {
        steps(50, COST, 0);
        steps(10, COST, 25);
        assertThat(COST * limit + 25).isBetween(64.0, 76.0);
    }

    @Test
    void aWaveOfSessionsThatBeganTogetherHardlyMovesTheLimit() {
        steps(100, COST, 0);
        int lowest = limit;
        int highest = limit;
        for (int i = 0; i < 200; i++) {
            step(COST * limit + 15 * Math.signum(Math.sin(i * Math.PI / 4)), 0);
            if (i > 40) {
                lowest = Math.min(lowest, limit);
                highest = Math.max(highest, limit);
            }
        }
        assertThat(highest - lowest)
                .as("slots, while CPU swings by 30 points, which are 43 slots")
                .isLessThan(16);
    }

    @Test
    void fewLargeSlotsAlternate() {
        limit = 2;
        SlotCost large = new SlotCost();
        IntegralControl few = new IntegralControl(large);
        large.learn(2, 50);
        few.start(input(50, 2), 2, 25, 50, 50);
        double sum = 0;
        for (int i = 0; i < 200; i++) {
            large.learn(limit, 25 * limit);
            limit = few.nextLimit(input(25 * limit, limit), 25 * limit, 25 * limit);
            assertThat(limit).isBetween(1, 3);
            sum += 25 * limit / 200.0;
        }
        assertThat(sum).as("mean CPU, where 2 slots use 50 and 3 use 75").isBetween(55.0, 66.0);
    }

    @Test
    void followsAChangeOfTheTargetAtOnce() {
        steps(50, COST, 0);
        target = 35;
        step(COST * limit, 0);
        assertThat(COST * limit).isBetween(28.0, 42.0);
    }

    @Test
    void withoutDemandTheLimitGrowsByOneAtMostAndDoesNotFall() {
        steps(50, COST, 0);
        limitReached = false;
        int before = limit;
        for (int i = 0; i < 100; i++) {
            limit = before; // the policy returns the present one
            step(2, 0, 3);
            assertThat(limit).as("with 3 in flight and CPU at 2").isBetween(before, before + 1);
        }
    }

    @Test
    void theIntegralDoesNotWindUpAtTheBounds() {
        for (int i = 0; i < 100; i++) {
            step(COST * limit, 100 - COST * limit);
        }
        assertThat(limit)
                .as("minSlots, in a hundred steps of saturation by others")
                .isOne();
        steps(20, COST, 0);
        assertThat(limit).as("twenty steps later").isGreaterThan(30);
        steps(300, 0.001, 0);
        assertThat(limit).isEqualTo(1000);
        steps(20, COST, 0);
        assertThat(limit).as("twenty steps after slots cost again").isLessThan(200);
    }

    @Test
    void aSaturatedHostDoesNotMakeSlotsCheaper() {
        steps(50, COST, 0);
        int before = limit;
        limit = 400;
        for (int i = 0; i < 30; i++) {
            step(100, 0, 400); // sessions ask for 280
        }
        assertThat(limit).as("as far below as a slot at its own cost says").isBetween(1, before + 300);
        steps(40, COST, 0);
        assertThat(COST * limit).isBetween(55.0, 80.0);
    }

    @Test
    void theSameWorkInOtherUnitsRestsAtTheSamePercentage() {
        steps(50, COST, 0);
        control.scale(2);
        model.scale(2);
        steps(60, 2 * COST, 0);
        assertThat(2 * COST * limit).isBetween(66.0, 71.0);
    }
}
