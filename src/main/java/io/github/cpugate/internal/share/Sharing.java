package io.github.cpugate.internal.share;

import io.github.cpugate.HostShare;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.internal.share.Peers.Peer;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.StepInput;
import io.github.cpugate.policy.StepPolicy;
import java.util.ArrayList;
import java.util.List;

/**
 * Shares a host with other gates: a policy around the gate's own one, which it lets see its part of the machine.
 *
 * <p>If {@code m} gates want CPU, each lets its policy see an {@code m}-th of the target, an {@code m}-th of the
 * strangers' CPU, and all of its own. So the policy rests where the gate has its part, and what a gate does not need is
 * lent to the others. While no peer wants CPU, the policy's decisions stand as they are.
 *
 * <p>A gate with another target, or whose CPU is measured in another scope, is a stranger. If own CPU is unknown, here or
 * there, slots stand in for it.
 */
public final class Sharing implements StepPolicy {

    private final StepPolicy policy;
    private final Peers peers;
    private final OwnUse use = new OwnUse();
    private volatile HostShare share = HostShare.ALONE;

    public Sharing(StepPolicy policy, Peers peers) {
        this.policy = policy;
        this.peers = peers;
    }

    /** What the last step found. */
    public HostShare share() {
        return share;
    }

    @Override
    public Decision decide(StepInput seen) {
        String scope = seen.cpu().scope();
        List<Peer> all = peers.others(scope);
        GateState mine = use.next(seen, all);
        int limit = seen.limit();
        try {
            Decision decision = decide(seen, mine, competitors(all, seen.targetCpu()));
            limit = Math.max(seen.minSlots(), Math.min(seen.maxSlots(), decision.limit()));
            return decision;
        } finally {
            peers.publish(mine.withLimit(limit, seen.minSlots()), scope);
        }
    }

    private static List<GateState> competitors(List<Peer> all, double target) {
        List<GateState> competitors = new ArrayList<>(all.size());
        for (Peer each : all) {
            if (each.sameScope() && each.state().hasTarget(target)) {
                competitors.add(each.state());
            }
        }
        return competitors;
    }

    private Decision decide(StepInput seen, GateState mine, List<GateState> others) {
        double peersCpu = 0;
        boolean ownKnown = mine.isOwnKnown();
        boolean anyHungry = false;
        double inFlight = mine.inFlight();
        for (GateState other : others) {
            peersCpu += other.own();
            ownKnown &= other.isOwnKnown();
            anyHungry |= other.hungry();
            inFlight += other.inFlight();
        }
        if (!anyHungry) {
            share = new HostShare(others.size(), 100, peersCpu);
            return policy.decide(seen);
        }
        if (!ownKnown) {
            double raw = inFlight > 0 ? seen.cpu().raw() / inFlight : 0;
            double smoothed = inFlight > 0 ? seen.cpu().smoothed() / inFlight : 0;
            mine = mine.bySlots(raw, smoothed);
            others = others.stream().map(each -> each.bySlots(raw, smoothed)).toList();
        }
        Division division =
                Division.of(seen.targetCpu(), seen.cpu().raw(), seen.cpu().smoothed(), mine, others);
        share = new HostShare(others.size(), 100 * division.part(), peersCpu);
        Decision decision = policy.decide(division.part() == 1 ? seen : viewOf(seen, mine, division));
        return new SharingGuard(seen, mine, others).check(decision);
    }

    /** What the policy of this gate sees: its part of the machine. */
    private static StepInput viewOf(StepInput seen, GateState mine, Division division) {
        CpuSample cpu = seen.cpu();
        double raw = mine.own() + division.part() * division.strangers();
        double smoothed = mine.smoothed() + division.part() * division.strangersSmoothed();
        double own = Double.isNaN(cpu.own()) ? Double.NaN : mine.own();
        CpuReading reading = new CpuReading(Math.min(100, raw), own, 0, cpu.scope(), cpu.cores());
        return new StepInput(
                CpuSample.of(reading, Math.min(100, smoothed)),
                seen.targetCpu() * division.part(),
                seen.limit(),
                seen.minSlots(),
                seen.maxSlots(),
                seen.inFlight(),
                seen.meanInFlight(),
                seen.waiting(),
                seen.limitReached());
    }

    /** Tells the peers that this gate has ended. */
    public void close() {
        peers.close();
    }

    @Override
    public String toString() {
        return policy + ", sharing the host";
    }
}
