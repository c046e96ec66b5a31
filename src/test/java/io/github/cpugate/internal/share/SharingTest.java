package io.github.cpugate.internal.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.HostShare;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.internal.share.Peers.Peer;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepInput;
import io.github.cpugate.policy.StepPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the rule, with peers that the test makes up. A slot uses 5 points of CPU, and the target is 70. */
class SharingTest {

    private static final double TARGET = 70;
    private static final Offset<Double> EXACT = within(1e-9);

    private final FakePeers peers = new FakePeers();
    private final FakePolicy policy = new FakePolicy();
    private final Sharing sharing = new Sharing(policy, peers);

    private static final class FakePolicy implements StepPolicy {

        final List<StepInput> seen = new ArrayList<>();
        Function<StepInput, Decision> rule = input -> input.hold(Reason.IN_BAND);

        @Override
        public Decision decide(StepInput input) {
            seen.add(input);
            return rule.apply(input);
        }

        StepInput last() {
            return seen.get(seen.size() - 1);
        }
    }

    /** What a full gate with demand sees: all of its slots are in use. */
    private static StepInput input(double raw, double own, int slots) {
        return StepInput.of(CpuSample.of(new CpuReading(raw, own, 0, "host", 4), raw), TARGET, slots)
                .withMaxSlots(16);
    }

    private static GateState state(double target, double own, int slots, boolean hungry) {
        return new GateState(target, own, own, 5 * slots, 5, slots, slots, hungry, false);
    }

    /** A peer in another JVM, all of whose slots are in use. */
    private static Peer peer(int slots, boolean hungry) {
        return new Peer(state(TARGET, 5 * slots, slots, hungry), false, true);
    }

    private void assertPolicyStandsAlone(StepInput input, int visible, Peer... others) {
        peers.others = List.of(others);
        for (Decision wanted : List.of(
                new Decision(3, Reason.OVER_TARGET),
                new Decision(9, Reason.HEADROOM),
                new Decision(-8, Reason.OVER_TARGET),
                input.hold(Reason.NO_DEMAND))) {
            policy.rule = unused -> wanted;
            assertThat(sharing.decide(input)).isSameAs(wanted);
            assertThat(policy.last()).isSameAs(input);
            assertThat(sharing.share().percent()).isEqualTo(100);
            assertThat(sharing.share().peers()).isEqualTo(visible);
        }
    }

    @Test
    void withoutPeersThePolicyIsAlone() {
        assertPolicyStandsAlone(input(60, 20, 4), 0);
        assertThat(sharing.share()).isEqualTo(HostShare.ALONE);
    }

    @Test
    void peersOfAnotherScopeOrTargetAreStrangers() {
        Peer otherScope = new Peer(state(TARGET, 20, 4, true), false, false);
        Peer otherTarget = new Peer(state(60, 20, 4, true), false, true);
        assertPolicyStandsAlone(input(60, 20, 4), 0, otherScope, otherTarget);
        assertThat(sharing.share()).isEqualTo(HostShare.ALONE);
    }

    @Test
    void peersThatWantNoCpuLeaveThePolicyAlone() {
        assertPolicyStandsAlone(input(60, 20, 4), 2, peer(4, false), peer(2, false));
        assertThat(sharing.share()).isEqualTo(new HostShare(2, 100, 30));
    }

    @Test
    void withAHungryPeerThePolicySeesItsHalfOfTheMachine() {
        peers.others = List.of(peer(4, true));
        sharing.decide(input(60, 20, 4).withWaiting(3));

        StepInput view = policy.last();
        assertThat(view.cpu().own()).as("all of its own").isEqualTo(20, EXACT);
        assertThat(view.cpu().raw()).as("and half of the strangers' 20").isEqualTo(30, EXACT);
        assertThat(view.cpu().smoothed()).isEqualTo(30, EXACT);
        assertThat(view.targetCpu()).as("half, and what it would leave unused").isEqualTo(35 + 0.2 * 5, EXACT);
        assertThat(view.withMaxSlots(16))
                .as("the slots are its own")
                .isEqualTo(new StepInput(view.cpu(), view.targetCpu(), 4, 1, 16, 4, 4, 3, true));
        assertThat(view.cpu().scope()).isEqualTo("host");
        assertThat(sharing.share()).isEqualTo(new HostShare(1, 50, 20));
    }

    @Test
    void theTargetIsRaisedNeitherAboveTheTargetNorWhereAPeerHasLess() {
        peers.others = List.of(peer(4, true));
        sharing.decide(input(71, 20, 4));
        assertThat(policy.last().targetCpu()).isEqualTo(35, EXACT);

        peers.others = List.of(peer(3, true));
        sharing.decide(input(60, 20, 4));
        assertThat(policy.last().targetCpu()).isEqualTo(35, EXACT);
    }

    @Test
    void aPeerThatWantsLessThanItsPartLendsTheRest() {
        peers.others = List.of(peer(6, true), peer(1, false));
        sharing.decide(input(65, 20, 4)); // 10 of strangers, 30 and 5 of the peers
        assertThat(sharing.share().percent()).isEqualTo(50, EXACT);
        assertThat(policy.last().cpu().raw()).isEqualTo(20 + (10 + 5) / 2.0, EXACT);
        assertThat(sharing.share().peersCpu()).isEqualTo(35, EXACT);
    }

    @Test
    void ownCpuOfOneJvmIsDividedBySlotsInFlight() {
        peers.others = List.of(new Peer(state(TARGET, 30, 12, true), true, true));
        sharing.decide(input(60, 40, 4));
        assertThat(peers.last().own()).isEqualTo(10, EXACT);
        assertThat(policy.last().cpu().own()).isEqualTo(10, EXACT);
        assertThat(policy.last().cpu().raw()).isEqualTo(10 + 20 / 2.0, EXACT);
        assertThat(sharing.share().peersCpu()).as("of other JVMs").isZero();
    }

    @Test
    void slotsStandInForOwnCpuThatIsUnknownHere() {
        peers.others = List.of(peer(12, true));
        sharing.decide(StepInput.of(CpuSample.of(60), TARGET, 4).withMaxSlots(16));
        assertThat(policy.last().cpu().own()).isNaN();
        assertThat(policy.last().cpu().raw()).as("4 of 16 slots").isEqualTo(15, EXACT);
        assertThat(policy.last().targetCpu()).isBetween(35.0, 37.0);
        assertThat(peers.last().own()).isNaN();
        assertThat(peers.problems).isEmpty();
    }

    @Test
    void slotsStandInForOwnCpuThatIsUnknownThere() {
        GateState unknown = new GateState(TARGET, Double.NaN, Double.NaN, 0, 0, 12, 12, true, false);
        peers.others = List.of(new Peer(unknown, false, true));
        sharing.decide(input(60, 20, 4));
        assertThat(policy.last().cpu().own()).isEqualTo(15, EXACT);
        assertThat(policy.last().cpu().raw()).isEqualTo(15, EXACT);
        assertThat(peers.last().own()).as("it is known").isEqualTo(20, EXACT);
        assertThat(sharing.share().peersCpu()).isNaN();
    }

    @Test
    void slotsStandInForSmoothedCpuThatIsUnknownThere() {
        GateState half = new GateState(TARGET, 20, Double.NaN, 0, 0, 12, 12, true, false);
        peers.others = List.of(new Peer(half, false, true));
        sharing.decide(input(60, 20, 4));
        assertThat(policy.last().cpu().isOk()).isTrue();
        assertThat(policy.last().cpu().smoothed()).isEqualTo(15, EXACT);
    }

    @Test
    void unknownOwnCpuOfIdleGatesIsNoProblem() {
        GateState idle = new GateState(TARGET, Double.NaN, Double.NaN, 0, 0, 0, 1, true, false);
        peers.others = List.of(new Peer(idle, false, true));
        sharing.decide(
                StepInput.of(CpuSample.of(60), TARGET, 4).withMaxSlots(16).withInFlight(0));
        assertThat(policy.last().cpu().raw()).isEqualTo(30, EXACT);
        assertThat(policy.last().targetCpu()).isEqualTo(35, EXACT);
    }

    private Decision decide(StepInput input, Decision wanted) {
        policy.rule = unused -> wanted;
        return sharing.decide(input);
    }

    @Test
    void aGateYieldsSlotBySlotWhereAPeerGains() {
        peers.others = List.of(peer(2, true));
        assertThat(decide(input(65, 40, 8), new Decision(3, Reason.OVER_TARGET)))
                .isEqualTo(new Decision(7, Reason.YIELDED));
        assertThat(peers.last().granted()).isEqualTo(35, EXACT);
    }

    @Test
    void aGateDoesNotYieldWhereNobodyGains() {
        peers.others = List.of(peer(7, true));
        assertThat(decide(input(69, 30, 6), new Decision(5, Reason.OVER_TARGET)))
                .isEqualTo(new Decision(6, Reason.IN_BAND));
        peers.others = List.of(peer(5, true));
        assertThat(decide(input(69, 30, 6), new Decision(5, Reason.OVER_TARGET)))
                .as("the two would change places")
                .isEqualTo(new Decision(6, Reason.IN_BAND));
    }

    @Test
    void aGateDoesNotYieldBelowTheBand() {
        peers.others = List.of(peer(2, true));
        assertThat(decide(input(55, 40, 8), new Decision(7, Reason.OVER_TARGET)))
                .isEqualTo(new Decision(8, Reason.IN_BAND));
    }

    @Test
    void aboveTheTargetThePolicyShrinks() {
        peers.others = List.of(peer(6, true));
        Decision wanted = new Decision(5, Reason.OVER_TARGET);
        assertThat(decide(input(80, 30, 6), wanted)).isEqualTo(wanted);
    }

    @Test
    void noGateShrinksFurtherWhileThePeersCutsDrain() {
        GateState hasCut = new GateState(TARGET, 40, 40, 25, 5, 8, 5, true, false);
        peers.others = List.of(new Peer(hasCut, false, true));
        assertThat(decide(input(80, 30, 6), new Decision(5, Reason.OVER_TARGET)))
                .isEqualTo(new Decision(6, Reason.DRAINING));
    }

    @Test
    void aGateGrowsNoFurtherThanTheRoom() {
        peers.others = List.of(peer(4, true));
        assertThat(decide(input(50, 20, 4), new Decision(12, Reason.HEADROOM)))
                .as("20 points, 5 a slot")
                .isEqualTo(new Decision(8, Reason.HEADROOM));
        assertThat(decide(input(67, 20, 4), new Decision(5, Reason.HEADROOM)))
                .isEqualTo(new Decision(4, Reason.SETTLING));
    }

    @Test
    void roomThatAPeerHasTakenIsNotTakenAgain() {
        GateState growing = new GateState(TARGET, 20, 20, 35, 5, 4, 7, true, false);
        peers.others = List.of(new Peer(growing, false, true));
        assertThat(decide(input(50, 20, 4), new Decision(8, Reason.HEADROOM)))
                .isEqualTo(new Decision(5, Reason.HEADROOM));
    }

    @Test
    void peersThatClaimMoreThanWasMeasuredAreIgnoredAndReported() {
        StepInput input = input(60, 20, 4);
        peers.others = List.of(peer(11, true)); // 55 and 20 of 60
        for (int step = 1; step < 5; step++) {
            sharing.decide(input);
            assertThat(policy.last().targetCpu()).as("step %d", step).isLessThan(40);
        }
        assertThat(peers.problems).isEmpty();
        sharing.decide(input);
        assertThat(policy.last()).isSameAs(input);
        assertThat(sharing.share()).isEqualTo(HostShare.ALONE);
        assertThat(peers.problems).singleElement().asString().contains("claim 75 % CPU, and 60 %");
        peers.others = List.of(peer(8, true));
        sharing.decide(input);
        assertThat(policy.last().targetCpu()).isLessThan(40);
        assertThat(peers.problems).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPolicyThatThrowsStillPublishesTheStep(boolean hungryPeer) {
        peers.others = List.of(peer(4, hungryPeer));
        Error fault = new LinkageError("policy broke");
        policy.rule = unused -> {
            throw fault;
        };
        assertThatThrownBy(() -> sharing.decide(input(60, 20, 4))).isSameAs(fault);
        assertThat(peers.published).containsExactly(new GateState(TARGET, 20, 20, 20, 5, 4, 4, true, false));
    }

    @Test
    void theEndOfTheGateIsPassedOn() {
        sharing.close();
        assertThat(peers.closed).isTrue();
    }
}
