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
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the climb, and what becomes of odd readings, at a target of 70. The simulation tests all of it together. */
class HeadroomPolicyTest {

    private static final double UNKNOWN = Double.NaN;

    private final StepPolicy policy = StepPolicy.headroom();

    private static CpuSample sample(double own, double others) {
        return sample(own, others, CpuReading.HOST, Double.NaN);
    }

    private static CpuSample sample(double own, double others, String scope, double cores) {
        double cpu = Double.isNaN(own) ? others : own + others;
        return CpuSample.of(new CpuReading(cpu, own, 2_000_000_000L, scope, cores), cpu);
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
            StepInput input = seen(sample(own, others), limit).withLimitReached(false);
            assertThat(policy.decide(input).limit()).isEqualTo(limit);
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

    /** Holds ten slots of 6.75 each until the climb has arrived. */
    private void arriveAtTenSlots() {
        for (int i = 0; i < 10; i++) {
            full(10, 67.5, 0);
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
                .as("0.89 * 64 points, at 2 and a little each")
                .isEqualTo(30);
    }

    @ParameterizedTest
    @CsvSource({"1, 40", "5, 160"})
    void growsFourfoldAtMostAtFirstAndThenSixteenfold(int stepsBefore, int limit) {
        rest(stepsBefore, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0)).isEqualTo(to(limit, Reason.HEADROOM));
    }

    @Test
    void growsByOneSlotAStepWhileTheCostIsNotSignificant() {
        for (int limit = 3; limit < 30; limit++) {
            assertThat(full(limit, 0.1, 55.8)).isEqualTo(to(limit + 1, Reason.HEADROOM));
        }
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
    void holdsInsideTheOneSlotBandWhileTheCostIsNotSignificant() {
        assertThat(full(3, 0.1, 56)).isEqualTo(to(3, Reason.SETTLING));
    }

    @Test
    void growsOnSessionsThatUseNoCpuYetAsIfTheyDid() {
        learnADeadTimeOfThreeSteps(2, 15);
        assertThat(full(4, 30, 0)).as("four will use 60").isEqualTo(to(4, Reason.SETTLING));
    }

    @Test
    void holdsWithoutDemandHoweverLowCpuIs() {
        rest(100, 4, 0, 0);
        rest(100, 4, 4, 0);
        assertThat(policy.decide(seen(sample(4, 0), 4).withLimitReached(false)).reason())
                .isEqualTo(Reason.NO_DEMAND);
    }

    @Test
    void withoutSessionsThereIsNothingToLearn() {
        StepInput idle = seen(sample(40, 30), 4).withInFlight(0);
        assertThat(policy.decide(idle.withLimitReached(false))).isEqualTo(to(4, Reason.NO_DEMAND));
        assertThat(policy.decide(idle))
                .as("callers have come at the end of the step")
                .isEqualTo(to(4, Reason.SETTLING));
    }

    @Test
    void shrinksAtOnceWhenTheClimbExceedsTheTarget() {
        rest(10, 10, 50, 0);
        assertThat(full(20, 100, 0)).as("29 points, at 5 each").isEqualTo(to(14, Reason.OVER_TARGET));
    }

    @Test
    void doesNotGrowAgainOnThePredictionAloneAfterAnOverload() {
        rest(2, 2, 0.4, 30);
        for (int i = 0; i < 20; i++) { // child processes
            full(20, 0.4, 99);
        }
        int limit = 2;
        for (int i = 0; i < 5; i++) { // they have ended, together
            int next = full(limit, 0.4, 2).limit();
            assertThat(next).as("after %s", limit).isLessThanOrEqualTo(limit + 8);
            limit = next;
        }
    }

    @Test
    void holdsInTheBandOnceItHasArrived() {
        arriveAtTenSlots();
        for (int i = 0; i < 50; i++) {
            assertThat(full(10, 67.5, 0)).isEqualTo(to(10, Reason.IN_BAND));
        }
    }

    @Test
    void growsWithin30StepsToWorkThatHasBecomeAQuarterAsCostly() {
        int limit = 2;
        for (int i = 0; i < 130; i++) {
            double cost = i < 100 ? 2 : 0.5;
            limit = full(limit, cost * limit, 0).limit();
            assertThat(cost * limit).as("step %s", i).isLessThan(72);
        }
        assertThat(0.5 * limit).isGreaterThan(62);
    }

    @Test
    void aCutThatHasNotTakenEffectIsReportedAsDraining() {
        arriveAtTenSlots();
        assertThat(policy.decide(seen(sample(71, 0), 10).withInFlight(12)).reason())
                .isEqualTo(Reason.DRAINING);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 10})
    void aJvmThatBurnsCpuWhileItStartsDoesNotMakeSlotsDear(int steps) {
        for (int i = 0; i < steps; i++) {
            assertThat(full(1, 95, 0)).isEqualTo(to(1, Reason.AT_FLOOR));
        }
        int limit = 1;
        for (int i = 0; i < 25; i++) {
            limit = full(limit, 0.5 * limit, 0).limit();
        }
        assertThat(limit).as("slots of half a point, 25 steps later").isBetween(110, 140);
    }

    @Test
    void theFloorAndTheCeilingAreReported() {
        arriveAtTenSlots();
        StepInput atFloor = seen(sample(67.5, 30), 10).withMinSlots(10);
        assertThat(policy.decide(atFloor)).isEqualTo(to(10, Reason.AT_FLOOR));
        StepInput atCeiling = seen(sample(20, 0), 10).withMaxSlots(10);
        assertThat(policy.decide(atCeiling)).isEqualTo(to(10, Reason.AT_CEILING));
        assertThat(policy.decide(atCeiling.withLimitReached(false)).reason())
                .as("nobody would take more")
                .isNotEqualTo(Reason.AT_CEILING);
    }

    @Test
    void aReadingWithoutOwnCpuIsSkipped() {
        arriveAtTenSlots();
        for (int i = 0; i < 3; i++) {
            assertThat(full(10, UNKNOWN, 99)).isEqualTo(to(10, Reason.SETTLING));
        }
        assertThat(full(10, 67.5, 0)).isEqualTo(to(10, Reason.IN_BAND));
    }

    @Test
    void aFourthInARowCountsAllCpuAsOwn() {
        arriveAtTenSlots();
        int limit = 10;
        for (int i = 0; i < 10; i++) {
            int next = full(limit, UNKNOWN, 99).limit();
            assertThat(i < 3 ? next : limit).as("step %s", i).isEqualTo(i < 3 ? 10 : limit);
            limit = next;
        }
        assertThat(limit).isLessThan(10);
    }

    @ParameterizedTest
    @ValueSource(doubles = {2, 0.5})
    void whatIsKnownIsConvertedWhenTheScopeChanges(double ratio) {
        for (int i = 0; i < 30; i++) {
            policy.decide(seen(sample(34, 0, CpuReading.HOST, 4), 10));
        }
        int limit = 10;
        for (int i = 0; i < 60; i++) {
            CpuSample cpu = sample(ratio * 3.4 * limit, 0, "cgroup /a", 4 / ratio);
            int next = policy.decide(seen(cpu, limit)).limit();
            assertThat(ratio * 3.4 * next).as("CPU that follows, step %s", i).isLessThanOrEqualTo(85);
            limit = next;
        }
        assertThat(ratio * 3.4 * limit).isBetween(60.0, 75.0);
    }

    @Test
    void oneReadingOfAnotherScopeMakesNoDifference() {
        arriveAtTenSlots();
        assertThat(policy.decide(seen(sample(67.5, 0, "cgroup /a", 4), 10)).limit())
                .isEqualTo(10);
        assertThat(full(10, 67.5, 0)).isEqualTo(to(10, Reason.IN_BAND));
    }

    @Test
    void instancesShareNoState() {
        rest(10, 10, 1.5, 0);
        assertThat(full(10, 1.5, 0).limit()).isEqualTo(160);
        assertThat(StepPolicy.headroom().decide(seen(sample(1.5, 0), 10))).isEqualTo(to(11, Reason.HEADROOM));
    }

    @Test
    void theMaximumLimitDoesNotOverflow() {
        rest(10, 1, 1, 0);
        assertThat(policy.decide(seen(sample(1, 0), Integer.MAX_VALUE).withInFlight(1))
                        .limit())
                .isEqualTo(Integer.MAX_VALUE);
        assertThat(policy.decide(seen(sample(1, 80), Integer.MAX_VALUE).withInFlight(1))
                        .reason())
                .isEqualTo(Reason.OVER_TARGET);
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
            for (int i = 0; i < 40; i++) {
                Optional<Slot> slot = gate.trySlot();
                while (slot.isPresent()) {
                    held.add(slot.get());
                    slot = gate.trySlot();
                }
                clock.addAndGet(2_000_000_000L);
                step = gate.step();
                assertThat(step.cpu().raw()).as("no overshoot").isLessThanOrEqualTo(71);
            }
            assertThat(step.limitAfter()).as("120 slots meet the target").isBetween(115, 121);

            gate.setTargetCpu(40);
            step = gate.step();
            assertThat(step.reason()).isEqualTo(Reason.OVER_TARGET);
            assertThat(step.limitAfter()).as("60 slots meet the target").isBetween(54, 66);
            gate.step();
            assertThat(gate.step().reason()).isIn(Reason.DRAINING, Reason.OVER_TARGET);

            held.forEach(Slot::close);
            held.clear();
            clock.addAndGet(2_000_000_000L);
            gate.step();
            clock.addAndGet(2_000_000_000L);
            assertThat(gate.step().reason()).isEqualTo(Reason.NO_DEMAND);
        }
    }
}
