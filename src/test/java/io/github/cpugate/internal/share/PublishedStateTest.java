package io.github.cpugate.internal.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepInput;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Tests what a gate tells its peers, of which there are none here. */
class PublishedStateTest {

    private static final Offset<Double> EXACT = within(1e-9);

    private Decision decision = new Decision(4, Reason.IN_BAND);
    private final FakePeers peers = new FakePeers();
    private final Sharing sharing = new Sharing(unused -> decision, peers);

    private static StepInput input(double own, int limit, String scope) {
        return StepInput.of(CpuSample.of(new CpuReading(60, own, 0, scope, 4), 60), 70, limit)
                .withMinSlots(2)
                .withMaxSlots(16);
    }

    private GateState after(StepInput input, int limit) {
        decision = new Decision(limit, Reason.IN_BAND);
        sharing.decide(input);
        return peers.last();
    }

    @Test
    void aHungryGateTellsWhatItsSlotsWillUse() {
        assertThat(after(input(20, 4, "host"), 6)).isEqualTo(new GateState(70, 20, 20, 30, 5, 4, 6, true, false));
    }

    @Test
    void aGateWithoutDemandTellsWhatItUses() {
        StepInput idle = input(10, 8, "host").withInFlight(2).withLimitReached(false);
        assertThat(after(idle, 8)).isEqualTo(new GateState(70, 10, 10, 10, 5, 2, 8, false, false));
    }

    @Test
    void theLimitIsWithinTheBoundsAndTheFloorIsTold() {
        assertThat(after(input(20, 4, "host"), 1000).limit()).isEqualTo(16);
        assertThat(peers.last().atFloor()).isFalse();
        assertThat(after(input(20, 4, "host"), -1000).limit()).isEqualTo(2);
        assertThat(peers.last().atFloor()).isTrue();
    }

    @Test
    void aGateAtItsCeilingWantsNoMore() {
        assertThat(after(input(20, 16, "host"), 16).hungry()).isFalse();
    }

    @Test
    void hungerLastsForAStepAfterTheLastCallerThatWaited() {
        StepInput calm = input(20, 4, "host").withLimitReached(false);
        assertThat(after(calm, 4).hungry()).isFalse();
        assertThat(after(input(20, 4, "host"), 4).hungry()).isTrue();
        assertThat(after(calm, 4).hungry()).isTrue();
        assertThat(after(calm, 4).hungry()).isFalse();
    }

    @Test
    void unknownOwnCpuIsToldAsSuchAndForgottenWithTheNextReading() {
        assertThat(after(input(Double.NaN, 4, "host"), 4).own()).isNaN();
        assertThat(peers.last().smoothed()).isNaN();
        assertThat(peers.last().granted()).isZero();
        assertThat(after(input(20, 4, "host"), 4).smoothed()).isEqualTo(20, EXACT);
    }

    @Test
    void thePastOfAnotherScopeIsForgotten() {
        after(input(20, 4, "host"), 4);
        GateState inQuota = after(input(80, 4, "cgroup /a (1.0 cores)"), 4);
        assertThat(inQuota.smoothed()).isEqualTo(80, EXACT);
        assertThat(inQuota.slotCost()).isEqualTo(20, EXACT);
    }

    @Test
    void ownCpuIsSmoothedAndTheCostOfASlotMovesSlowly() {
        after(input(20, 4, "host"), 4);
        GateState next = after(input(40, 4, "host"), 4);
        assertThat(next.own()).isEqualTo(40, EXACT);
        assertThat(next.smoothed()).isEqualTo(28, EXACT);
        assertThat(next.slotCost()).isEqualTo((0.9 * 20 + 40) / (0.9 * 4 + 4), EXACT);
    }

    @Test
    void aGateWithoutSessionsHasNoCostOfASlot() {
        StepInput idle = input(3, 4, "host").withInFlight(0).withLimitReached(false);
        assertThat(after(idle, 4).slotCost()).isZero();
        assertThat(peers.last().granted()).isZero();
    }
}
