package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests each rule by itself, at a target of 70. The simulation tests them together. */
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

    private static StepInput seen(CpuSample cpu, int limit) {
        return StepInput.of(cpu, 70, limit);
    }

    /** A step in which all slots are held, with demand for more. */
    private Decision full(int limit, double own, double others) {
        return policy.decide(seen(sample(own, others), limit));
    }

    /** Steps in which all slots are held, without demand for more. */
    private void rest(int steps, int limit, double own, double others) {
        for (int i = 0; i < steps; i++) {
            assertThat(policy.decide(seen(sample(own, others), limit).withLimitReached(false)))
                    .isEqualTo(new Decision(limit, Reason.NO_DEMAND));
        }
    }

    private static Decision to(int limit, Reason why) {
        return new Decision(limit, why);
    }

    /** Climbs to {@code slots} slots, each of which costs {@code cost} after three steps. */
    private void learnADeadTimeOfThreeSteps(int slots, double cost) {
        for (int i = 0; i < 10; i++) {
            rest(1, Math.min(slots, 1 + i / 2), cost * Math.min(slots, i < 3 ? 0 : 1 + (i - 3) / 2), 0);
        }
    }

    /** Steps for twice the dead time. */
    private void waitForAWaveToPass() {
        for (int i = 0; i < 6; i++) {
            assertThat(full(3, 74, 0)).as("three slots are predicted to use 60").isEqualTo(to(3, Reason.SETTLING));
        }
    }

    private void staysInBand(int limit, double own, double others) {
        for (int i = 0; i < 50; i++) {
            assertThat(full(limit, own, others)).isEqualTo(to(limit, Reason.IN_BAND));
        }
    }

    @Test
    void growsByTwoThirdsOfTheHeadroom() {
        rest(10, 10, 20, 0);
        assertThat(full(10, 20, 0))
                .as("0.65 * 50 points, at 2 and a hundredth each")
                .isEqualTo(to(26, Reason.HEADROOM));
    }

    @Test
    void growsByALargerShareAfterALongerDeadTime() {
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
    void growsSixteenfoldAtMostAfterSomeStepsWithSessions() {
        rest(5, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0)).isEqualTo(to(160, Reason.HEADROOM));
    }

    @Test
    void growsByOneSlotAStepWhileTheCostIsNotSignificant() {
        for (int limit = 3; limit < 30; limit++) {
            assertThat(full(limit, 0.1, 55.8)).isEqualTo(to(limit + 1, Reason.HEADROOM));
        }
    }

    @Test
    void holdsInsideTheOneSlotBandWhileTheCostIsNotSignificant() {
        assertThat(full(3, 0.1, 56)).isEqualTo(to(3, Reason.SETTLING));
    }

    @Test
    void growsByOneSlotBelowTheOneSlotBandThoughNoneFits() {
        rest(3, 1, 40, 0);
        assertThat(full(1, 40, 12)).isEqualTo(to(2, Reason.HEADROOM));
    }

    @Test
    void growsByASlotThatDoesNotFitOnlyAfterTheLastMoveSettled() {
        learnADeadTimeOfThreeSteps(2, 15);
        for (int i = 0; i < 3; i++) {
            assertThat(full(3, 30, 10.5)).as("the limit was 2").isEqualTo(to(3, Reason.SETTLING));
        }
        assertThat(full(3, 45, 10.5)).as("one more would use 70.5").isEqualTo(to(4, Reason.HEADROOM));
    }

    @Test
    void triesASlotAfterSomeQuietStepsIfItsOwnCpuFits() {
        rest(1, 2, 10, 50);
        for (int i = 0; i < 4; i++) {
            assertThat(full(2, 10, 50))
                    .as("25 of the others are attributed to the two slots: one more would use 17.5")
                    .isEqualTo(to(2, Reason.IN_BAND));
        }
        assertThat(full(2, 10, 50)).isEqualTo(to(3, Reason.HEADROOM));
        assertThat(full(3, 15, 50)).as("another would exceed the target").isEqualTo(to(3, Reason.IN_BAND));
    }

    @Test
    void alternatesIfTheTargetLiesBetweenTwoNumbersOfSlots() {
        rest(20, 11, 66, 0);
        int limit = 11;
        double smoothed = 66;
        double sum = 0;
        for (int i = 0; i < 50; i++) {
            double raw = 6.5 * limit - 5.5;
            smoothed += 0.3 * (raw - smoothed);
            CpuSample cpu = new CpuSample(raw, smoothed, raw, CpuReading.HOST, Double.NaN, CpuSample.Health.OK, "");
            limit = policy.decide(seen(cpu, limit)).limit();
            assertThat(limit).as("one more").isBetween(11, 12);
            sum += raw;
        }
        assertThat(sum / 50).isBetween(68.0, 70.0);
    }

    @Test
    void holdsIfTheNextSlotWouldBeFartherFromTheTarget() {
        rest(20, 11, 67.5, 0);
        staysInBand(11, 67.5, 0);
    }

    @Test
    void holdsIfTheNextSlotWouldOvershootByMoreThanFourPoints() {
        rest(20, 3, 57, 0);
        staysInBand(3, 57, 0); // a fourth would use 76
    }

    @Test
    void holdsIfNotEvenTheOwnCpuOfASlotFits() {
        rest(1, 3, 60, 8);
        staysInBand(3, 60, 8);
    }

    @Test
    void doesNotTakeATroughOfAWaveForHeadroom() {
        learnADeadTimeOfThreeSteps(5, 12);
        rest(20, 5, 60, 0);
        assertThat(full(5, 57, 0))
                .as("five slots use 60, and one more would use 72")
                .isEqualTo(to(5, Reason.IN_BAND));
    }

    @Test
    void triesASlotIfSessionsMakeNoWaves() {
        rest(40, 5, 60, 0);
        assertThat(full(5, 57, 0)).isEqualTo(to(6, Reason.HEADROOM));
    }

    @Test
    void growsAfterWorkHasBecomeCheaper() {
        rest(40, 13, 68, 0);
        int limit = 13;
        for (double own : new double[] {56, 44, 32, 20}) { // while expensive sessions end
            limit = full(limit, own, 0).limit();
        }
        for (int i = 0; i < 12; i++) {
            limit = full(limit, 1.25 * limit, 0).limit();
        }
        assertThat(limit).as("one more a step would yield 29").isGreaterThan(40);
        for (int i = 0; i < 12; i++) {
            limit = full(limit, Math.min(100, 1.25 * limit), 0).limit();
        }
        assertThat(limit).as("56 slots meet the target").isBetween(50, 57);
    }

    @Test
    void holdsWithinTheNoiseOfAReading() {
        rest(10, 10, 50, 0);
        assertThat(full(10, 50, 20.9)).isEqualTo(to(10, Reason.IN_BAND));
    }

    @Test
    void holdsWithoutDemandHoweverLowCpuIs() {
        rest(100, 4, 0, 0);
        rest(100, 4, 4, 0);
    }

    @Test
    void shrinksAtOnceByTheWholePredictedExcess() {
        rest(10, 10, 50, 0);
        assertThat(full(20, 100, 0)).as("29 points, at 5 each").isEqualTo(to(14, Reason.OVER_TARGET));
    }

    @Test
    void shrinksAtOnceToALoweredTarget() {
        rest(10, 12, 60, 0);
        assertThat(policy.decide(StepInput.of(sample(60, 0), 30, 12).withLimitReached(false)))
                .isEqualTo(to(6, Reason.OVER_TARGET));
    }

    @Test
    void doesNotShrinkAgainWhileACutDrains() {
        rest(10, 10, 50, 0);
        assertThat(policy.decide(seen(sample(100, 0), 14).withInFlight(20))).isEqualTo(to(14, Reason.DRAINING));
    }

    @Test
    void shrinksByHalfOfAnExcessThatIsNotPredicted() {
        rest(10, 30, 60, 0);
        assertThat(full(30, 80, 0))
                .as("30 slots are predicted to use 62; 5 points, at 80 / 30 each")
                .isEqualTo(to(29, Reason.OVER_TARGET));
    }

    @Test
    void shrinksFromWhatIsInFlightIfTheLimitDoesNotBind() {
        rest(10, 60, 6, 0);
        StepInput input = seen(sample(80, 0), 60).withInFlight(20).withMeanInFlight(18.5);
        assertThat(policy.decide(input)).as("5 points of 80, at 80 / 18.5 each").isEqualTo(to(19, Reason.OVER_TARGET));
    }

    @Test
    void doesNotShrinkFurtherIfADrainEndedWithinTheStep() {
        rest(10, 30, 60, 0);
        assertThat(policy.decide(seen(sample(80, 0), 10).withMeanInFlight(40)))
                .as("the reading is of 40 sessions, and 10 are left")
                .isEqualTo(to(10, Reason.DRAINING));
    }

    @Test
    void growsByOneSlotAStepWhileTheCostIsNotSteady() {
        assertThat(full(2, 4, 0)).as("no cost was known before").isEqualTo(to(3, Reason.HEADROOM));
        assertThat(full(3, 24, 0)).as("the first sessions had only begun").isEqualTo(to(4, Reason.HEADROOM));
        rest(10, 4, 32, 0);
        assertThat(full(4, 32, 0).limit())
                .as("two thirds of 38 points, at about 8 each")
                .isEqualTo(7);
    }

    @Test
    void ignoresASpikeThatTheAverageDoesNotShow() {
        rest(10, 30, 60, 0);
        CpuSample spike = new CpuSample(80, 62, 80, CpuReading.HOST, Double.NaN, CpuSample.Health.OK, "");
        assertThat(policy.decide(seen(spike, 10).withMeanInFlight(40).withLimitReached(false)))
                .isEqualTo(to(10, Reason.NO_DEMAND));
    }

    @Test
    void waitsTwiceTheDeadTimeForAWaveToPass() {
        learnADeadTimeOfThreeSteps(3, 20);
        for (int wave = 0; wave < 2; wave++) {
            waitForAWaveToPass();
            assertThat(full(3, 66, 0)).isEqualTo(to(3, Reason.IN_BAND));
            rest(20, 3, 60, 0);
        }
        waitForAWaveToPass();
        assertThat(full(3, 74, 0)).as("the wave has not passed").isEqualTo(to(2, Reason.OVER_TARGET));
    }

    @Test
    void waitsTheDeadTimeAndAStepAfterACut() {
        learnADeadTimeOfThreeSteps(3, 20);
        waitForAWaveToPass();
        assertThat(full(3, 74, 0)).isEqualTo(to(2, Reason.OVER_TARGET));
        for (int i = 0; i < 3; i++) {
            assertThat(full(2, 74, 0)).isEqualTo(to(2, Reason.SETTLING));
        }
        assertThat(full(2, 74, 0)).isEqualTo(to(1, Reason.OVER_TARGET));
    }

    @Test
    void doesNotWaitForAMoveThatTheBoundsPrevented() {
        learnADeadTimeOfThreeSteps(2, 20);
        for (int i = 0; i < 10; i++) {
            assertThat(full(2, 40, 0).limit()).as("the ceiling is 2").isGreaterThan(2);
        }
        assertThat(full(2, 40, 34)).isEqualTo(to(1, Reason.OVER_TARGET));
    }

    @Test
    void startsAfreshWhenOwnCpuBecomesUnknownOrKnown() {
        rest(40, 4, 10, 50);
        assertThat(full(4, UNKNOWN, 60).limit()).isLessThanOrEqualTo(5);
        assertThat(full(4, 10, 50).limit()).isLessThanOrEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"0.4, 60.6, 62, 0", "62, 0, 0.4, 60.6"})
    void startsAfreshWhenTheScopeChanges(double own, double others, double ownInGroup, double othersInGroup) {
        rest(40, 4, own, others);
        for (int i = 0; i < 5; i++) {
            CpuSample cpu = sample(ownInGroup, othersInGroup, "cgroup /a (0.5 cores)");
            assertThat(policy.decide(seen(cpu, 4)).limit()).isEqualTo(4);
        }
    }

    @Test
    void instancesShareNoState() {
        rest(10, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0).limit()).isEqualTo(160);
        assertThat(StepPolicy.headroom().decide(seen(sample(1.5, 0), 10))).isEqualTo(to(11, Reason.HEADROOM));
    }

    @Test
    void theMaximumLimitDoesNotOverflow() {
        rest(10, 1, 0, 0);
        assertThat(policy.decide(seen(sample(0, 0), Integer.MAX_VALUE).withInFlight(1)))
                .isEqualTo(to(Integer.MAX_VALUE, Reason.HEADROOM));

        rest(10, 1, 1, 0);
        assertThat(policy.decide(seen(sample(1, 80), Integer.MAX_VALUE).withInFlight(1)))
                .as("no slot fits, and the cut is rounded up")
                .isEqualTo(to(-1, Reason.OVER_TARGET));
    }

    @Test
    void mayReturnALimitBelowTheFloor() {
        rest(3, 1, 60, 0);
        assertThat(full(1, 60, 40)).isEqualTo(to(0, Reason.OVER_TARGET));
    }

    @Test
    void toStringNamesThePolicy() {
        assertThat(policy).hasToString("headroom");
    }

    @Test
    void takesAGateToItsTargetAndFollowsAChangeOfIt() throws InterruptedException {
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
            StepReport step = null;
            for (int i = 0; i < 15; i++) {
                Optional<Slot> slot = gate.trySlot();
                while (slot.isPresent()) {
                    held.add(slot.get());
                    slot = gate.trySlot();
                }
                clock.addAndGet(2_000_000_000L);
                step = gate.step();
                assertThat(step.cpu().raw()).as("no overshoot").isLessThanOrEqualTo(70);
            }
            assertThat(step.limitAfter()).as("120 slots meet the target").isBetween(118, 120);

            gate.setTargetCpu(40);
            step = gate.step();
            assertThat(step.reason()).isEqualTo(Reason.OVER_TARGET);
            assertThat(step.limitAfter()).as("60 slots meet the target").isBetween(54, 62);
            assertThat(gate.step().reason()).isEqualTo(Reason.DRAINING);

            held.forEach(Slot::close);
            held.clear();
            clock.addAndGet(2_000_000_000L);
            gate.step();
            clock.addAndGet(2_000_000_000L);
            assertThat(gate.step().reason()).isEqualTo(Reason.NO_DEMAND);
        }
    }
}
