package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule by itself, at a target of 70. How they do together, a simulation tells. */
class HeadroomPolicyTest {

    private static final double UNKNOWN = Double.NaN;

    private final StepPolicy policy = StepPolicy.headroom();

    private static CpuSample sample(double own, double others) {
        return sample(own, others, CpuReading.HOST);
    }

    private static CpuSample sample(double own, double others, String scope) {
        double cpu = Double.isNaN(own) ? others : own + others;
        return CpuSample.of(new CpuReading(cpu, own, 2_000_000_000L, scope, Double.NaN), cpu);
    }

    private static StepInput seen(CpuSample cpu, int limit, int inFlight, double mean, boolean limitReached) {
        return new StepInput(cpu, 70, limit, 1, 1000, inFlight, mean, 0, limitReached);
    }

    /** A step in which all slots are taken, and more are wanted. */
    private Decision full(int limit, double own, double others) {
        return policy.decide(seen(sample(own, others), limit, limit, limit, true));
    }

    /** Steps in which all slots are taken, and no more are wanted. */
    private void rest(int steps, int limit, double own, double others) {
        for (int i = 0; i < steps; i++) {
            assertThat(policy.decide(seen(sample(own, others), limit, limit, limit, false)))
                    .isEqualTo(new Decision(limit, Reason.NOT_BINDING));
        }
    }

    private static Decision to(int limit, Reason why) {
        return new Decision(limit, why);
    }

    /** To {@code slots} slots, of which each costs so much after three steps. */
    private void learnADeadTimeOfThreeSteps(int slots, double cost) {
        for (int i = 0; i < 10; i++) {
            rest(1, Math.min(slots, 1 + i / 2), cost * Math.min(slots, i < 3 ? 0 : 1 + (i - 3) / 2), 0);
        }
    }

    /** Twice the dead time. */
    private void waitForAWaveToPass() {
        for (int i = 0; i < 6; i++) {
            assertThat(full(3, 74, 0)).as("three slots are to come to 60").isEqualTo(to(3, Reason.SETTLING));
        }
    }

    private void staysInBand(int limit, double own, double others) {
        for (int i = 0; i < 50; i++) {
            assertThat(full(limit, own, others)).isEqualTo(to(limit, Reason.IN_BAND));
        }
    }

    @Test
    void growsByTwoThirdsOfTheRoom() {
        rest(10, 10, 20, 0);
        assertThat(full(10, 20, 0))
                .as("0.65 * 50 points, at 2 and a hundredth each")
                .isEqualTo(to(26, Reason.HEADROOM));
    }

    @Test
    void growsByMoreOfItTheLongerTheDeadTime() {
        learnADeadTimeOfThreeSteps(3, 2);
        assertThat(full(3, 6, 0).limit())
                .as("0.89 * 64 points, rounded, at 2 and a little each")
                .isEqualTo(31);
    }

    @Test
    void growsFourfoldAtMostAtFirst() {
        rest(1, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0)).isEqualTo(to(40, Reason.HEADROOM));
    }

    @Test
    void growsSixteenfoldAtMostOnceSessionsHaveShownWhatTheyDo() {
        rest(5, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0)).isEqualTo(to(160, Reason.HEADROOM));
    }

    @Test
    void growsByASlotAStepWhileSessionsHaveNotBeenSeenToCost() {
        for (int limit = 3; limit < 30; limit++) {
            assertThat(full(limit, 0.1, 55.8)).isEqualTo(to(limit + 1, Reason.HEADROOM));
        }
    }

    @Test
    void waitsForTheFirstSessionsWhereThePlainRuleWouldNotGrow() {
        assertThat(full(3, 0.1, 56)).isEqualTo(to(3, Reason.SETTLING));
    }

    @Test
    void growsByASlotWhereThePlainRuleWouldThoughNoneFits() {
        rest(3, 1, 40, 0);
        assertThat(full(1, 40, 12)).isEqualTo(to(2, Reason.HEADROOM));
    }

    @Test
    void doesSoOnlyOnceTheLastMoveHasShown() {
        learnADeadTimeOfThreeSteps(2, 15);
        for (int i = 0; i < 3; i++) {
            assertThat(full(3, 30, 10.5)).as("the limit was 2").isEqualTo(to(3, Reason.SETTLING));
        }
        assertThat(full(3, 45, 10.5)).as("one more would come to 70.5").isEqualTo(to(4, Reason.HEADROOM));
    }

    @Test
    void triesASlotAfterSomeQuietStepsIfTheJvmsPartOfItFits() {
        rest(1, 2, 10, 50);
        for (int i = 0; i < 4; i++) {
            assertThat(full(2, 10, 50))
                    .as("25 of the others are held for the two slots': one more would take 17.5")
                    .isEqualTo(to(2, Reason.IN_BAND));
        }
        assertThat(full(2, 10, 50)).isEqualTo(to(3, Reason.HEADROOM));
        assertThat(full(3, 15, 50))
                .as("another would take it beyond the target")
                .isEqualTo(to(3, Reason.IN_BAND));
    }

    @Test
    void goesToAndFroWhereTheTargetLiesBetweenTwoNumbersOfSlots() {
        rest(20, 11, 66, 0);
        int limit = 11;
        double smoothed = 66;
        double sum = 0;
        for (int i = 0; i < 50; i++) {
            double raw = 6.5 * limit - 5.5;
            smoothed += 0.3 * (raw - smoothed);
            CpuSample cpu = new CpuSample(raw, smoothed, raw, CpuReading.HOST, Double.NaN, CpuSample.Health.OK, "");
            limit = policy.decide(seen(cpu, limit, limit, limit, true)).limit();
            assertThat(limit).as("one more").isBetween(11, 12);
            sum += raw;
        }
        assertThat(sum / 50).isBetween(68.0, 70.0);
    }

    @Test
    void staysWhereTheNextSlotWouldBeFartherFromTheTarget() {
        rest(20, 11, 67.5, 0);
        staysInBand(11, 67.5, 0);
    }

    @Test
    void staysWhereTheNextSlotWouldBeFourPointsBeyondTheTarget() {
        rest(20, 3, 57, 0);
        staysInBand(3, 57, 0); // a fourth comes to 76
    }

    @Test
    void staysWhereNotEvenTheJvmsPartOfASlotFits() {
        rest(1, 3, 60, 8);
        staysInBand(3, 60, 8);
    }

    @Test
    void takesNoTroughOfAWaveForRoom() {
        learnADeadTimeOfThreeSteps(5, 12);
        rest(20, 5, 60, 0);
        assertThat(full(5, 57, 0))
                .as("five slots come to 60, and one more to 72")
                .isEqualTo(to(5, Reason.IN_BAND));
    }

    @Test
    void triesASlotWhereThereAreNoWaves() {
        rest(40, 5, 60, 0);
        assertThat(full(5, 57, 0)).isEqualTo(to(6, Reason.HEADROOM));
    }

    @Test
    void climbsWhenWorkHasBecomeCheaper() {
        rest(40, 13, 68, 0);
        int limit = 13;
        for (double own : new double[] {56, 44, 32, 20}) { // as sessions end
            limit = full(limit, own, 0).limit();
        }
        for (int i = 0; i < 12; i++) {
            limit = full(limit, 1.25 * limit, 0).limit();
        }
        assertThat(limit).as("one more a step would be 29").isGreaterThan(40);
        for (int i = 0; i < 12; i++) {
            limit = full(limit, Math.min(100, 1.25 * limit), 0).limit();
        }
        assertThat(limit).as("56 are at the target").isBetween(50, 57);
    }

    @Test
    void theNoiseOfAReadingIsNoExcess() {
        rest(10, 10, 50, 0);
        assertThat(full(10, 50, 20.9)).isEqualTo(to(10, Reason.IN_BAND));
    }

    @Test
    void holdsWithoutDemandHoweverLowCpuIs() {
        rest(100, 4, 0, 0);
        rest(100, 4, 4, 0);
    }

    @Test
    void shrinksAtOnceByAllThatIsTooMuch() {
        rest(10, 10, 50, 0);
        assertThat(full(20, 100, 0)).as("29 points, at 5 each").isEqualTo(to(14, Reason.OVER_TARGET));
    }

    @Test
    void shrinksAtOnceToALoweredTarget() {
        rest(10, 12, 60, 0);
        StepInput lowered = new StepInput(sample(60, 0), 30, 12, 1, 1000, 12, 12, 0, false);
        assertThat(policy.decide(lowered)).isEqualTo(to(6, Reason.OVER_TARGET));
    }

    @Test
    void aCutThatDrainsIsNotMadeTwice() {
        rest(10, 10, 50, 0);
        assertThat(policy.decide(seen(sample(100, 0), 14, 20, 20, true))).isEqualTo(to(14, Reason.DRAINING));
    }

    @Test
    void shrinksByHalfOfTheExcessWhereNoneWasPredicted() {
        rest(10, 30, 60, 0);
        assertThat(full(30, 80, 0))
                .as("30 slots are to come to 62; 5 points, at 80 / 30 each")
                .isEqualTo(to(29, Reason.OVER_TARGET));
    }

    @Test
    void aDrainThatEndedWithinTheStepIsNoReasonToShrinkFurther() {
        rest(10, 30, 60, 0);
        assertThat(policy.decide(seen(sample(80, 0), 10, 10, 40, true)))
                .as("the reading is of 40 sessions, and 10 are left")
                .isEqualTo(to(10, Reason.DRAINING));
    }

    @Test
    void growsByASlotAsLongAsTheCostIsAnotherFromStepToStep() {
        assertThat(full(2, 4, 0)).as("of nothing known before").isEqualTo(to(3, Reason.HEADROOM));
        assertThat(full(3, 24, 0)).as("the first sessions had only begun").isEqualTo(to(4, Reason.HEADROOM));
        rest(10, 4, 32, 0);
        assertThat(full(4, 32, 0).limit())
                .as("two thirds of 38 points, at about 8 each")
                .isEqualTo(7);
    }

    @Test
    void aSpikeThatTheAverageDoesNotShareIsNoExcess() {
        rest(10, 30, 60, 0);
        CpuSample spike = new CpuSample(80, 62, 80, CpuReading.HOST, Double.NaN, CpuSample.Health.OK, "");
        assertThat(policy.decide(seen(spike, 10, 10, 40, false))).isEqualTo(to(10, Reason.NOT_BINDING));
    }

    @Test
    void aWaveOfSessionsHasTwiceTheDeadTimeToPass() {
        learnADeadTimeOfThreeSteps(3, 20);
        for (int wave = 0; wave < 2; wave++) {
            waitForAWaveToPass();
            assertThat(full(3, 66, 0)).isEqualTo(to(3, Reason.IN_BAND));
            rest(20, 3, 60, 0);
        }
        waitForAWaveToPass();
        assertThat(full(3, 74, 0)).as("it has not passed").isEqualTo(to(2, Reason.OVER_TARGET));
    }

    @Test
    void afterSuchACutWaitsForTheDeadTimeAndAStep() {
        learnADeadTimeOfThreeSteps(3, 20);
        waitForAWaveToPass();
        assertThat(full(3, 74, 0)).isEqualTo(to(2, Reason.OVER_TARGET));
        for (int i = 0; i < 3; i++) {
            assertThat(full(2, 74, 0)).isEqualTo(to(2, Reason.SETTLING));
        }
        assertThat(full(2, 74, 0)).isEqualTo(to(1, Reason.OVER_TARGET));
    }

    @Test
    void aMoveThatTheBoundsDoNotLetThroughIsNotWaitedFor() {
        learnADeadTimeOfThreeSteps(2, 20);
        for (int i = 0; i < 10; i++) {
            assertThat(full(2, 40, 0).limit()).as("the ceiling is 2").isGreaterThan(2);
        }
        assertThat(full(2, 40, 34)).isEqualTo(to(1, Reason.OVER_TARGET));
    }

    @Test
    void aReadingWithoutOwnCpuIsNotHeldAgainstThoseWithIt() {
        rest(40, 4, 10, 50);
        assertThat(full(4, UNKNOWN, 60).limit()).isLessThanOrEqualTo(5);
        assertThat(full(4, 10, 50).limit()).isLessThanOrEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"0.4, 60.6, 62, 0", "62, 0, 0.4, 60.6"})
    void whatWasLearnedOfOneScopeIsNotHeldAgainstAnother(
            double own, double others, double ownInGroup, double othersInGroup) {
        rest(40, 4, own, others);
        for (int i = 0; i < 5; i++) {
            CpuSample cpu = sample(ownInGroup, othersInGroup, "cgroup /a (0.5 cores)");
            assertThat(policy.decide(seen(cpu, 4, 4, 4, true)).limit()).isEqualTo(4);
        }
    }

    @Test
    void whatOneHasLearnedAnotherDoesNotKnow() {
        rest(10, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0).limit()).isEqualTo(160);
        assertThat(StepPolicy.headroom().decide(seen(sample(1.5, 0), 10, 10, 10, true)))
                .isEqualTo(to(11, Reason.HEADROOM));
    }

    @Test
    void theGreatestLimitDoesNotOverflow() {
        rest(10, 1, 0, 0);
        assertThat(policy.decide(seen(sample(0, 0), Integer.MAX_VALUE, 1, 1, true)))
                .isEqualTo(to(Integer.MAX_VALUE, Reason.HEADROOM));

        rest(10, 1, 1, 0);
        assertThat(policy.decide(seen(sample(1, 80), Integer.MAX_VALUE, 1, 1, true)))
                .as("there is no room for a single one, and rounding takes one more")
                .isEqualTo(to(-1, Reason.OVER_TARGET));
    }

    @Test
    void theLeastLimitIsCutBelowAndTheGateHoldsIt() {
        rest(3, 1, 60, 0);
        assertThat(full(1, 60, 40)).isEqualTo(to(0, Reason.OVER_TARGET));
    }

    @Test
    void namesItself() {
        assertThat(policy).hasToString("headroom");
    }

    @Test
    void takesAGateToItsTargetAndFollowsIt() throws InterruptedException {
        AtomicLong clock = new AtomicLong();
        List<Slot> held = new ArrayList<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .minSlots(2)
                .maxSlots(1000)
                .policy(policy)
                .sampler(() -> sample(Math.min(90, 0.5 * held.size()), 10))
                .nanoClock(clock::get)
                .build()) {
            Observation step = null;
            for (int i = 0; i < 15; i++) {
                Optional<Slot> slot = gate.trySlot();
                while (slot.isPresent()) {
                    held.add(slot.get());
                    slot = gate.trySlot();
                }
                clock.addAndGet(2_000_000_000L);
                step = gate.adjust();
                assertThat(step.cpu().raw()).as("no overshoot").isLessThanOrEqualTo(70);
            }
            assertThat(step.limitAfter()).as("120 slots are to be had").isBetween(118, 120);

            gate.setTargetCpu(40);
            step = gate.adjust();
            assertThat(step.reason()).isEqualTo(Reason.OVER_TARGET);
            assertThat(step.limitAfter()).as("60 slots are").isBetween(54, 62);
            assertThat(gate.adjust().reason()).isEqualTo(Reason.DRAINING);

            held.forEach(Slot::close);
            held.clear();
            clock.addAndGet(2_000_000_000L);
            gate.adjust();
            clock.addAndGet(2_000_000_000L);
            assertThat(gate.adjust().reason()).isEqualTo(Reason.NOT_BINDING);
        }
    }
}
