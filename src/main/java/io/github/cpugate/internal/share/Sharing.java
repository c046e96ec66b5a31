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
import java.util.Locale;

/**
 * Shares a host with other gates. It is a policy around the gate's own one, to which it shows the gate's part of the
 * machine.
 *
 * <p>If {@code m} gates want CPU, each shows its policy an {@code m}-th of the target, an {@code m}-th of the
 * strangers' CPU, and all of its own. So the policy rests where the gate has its part, and what a gate does not need is
 * lent to the others. While no peer wants CPU, the policy's decisions stand as they are.
 *
 * <p>A gate with another target, or whose CPU is measured in another scope, is a stranger. If own CPU is unknown, here
 * or there, slots stand in for it.
 */
public final class Sharing implements StepPolicy {

    private static final double TOLERANCE = 10; // points by which the gates' CPU may exceed what was measured
    private static final int DOUBTFUL = 5; // steps; the readings of gates are not of the same moment
    private static final double UNUSED = 0.4; // of a slot, that a policy leaves

    private final StepPolicy policy;
    private final Peers peers;
    private final OwnUse use = new OwnUse();
    private int doubtfulSteps; // in a row
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
            Decision decision = decide(seen, mine, all);
            limit = Math.max(seen.minSlots(), Math.min(seen.maxSlots(), decision.limit()));
            return decision;
        } finally {
            peers.publish(mine.withLimit(limit, seen.minSlots()), scope);
        }
    }

    private Decision decide(StepInput seen, GateState mine, List<Peer> all) {
        List<GateState> others = new ArrayList<>(all.size());
        double cpuOfOtherJvms = 0;
        for (Peer each : all) {
            if (each.sameScope() && each.state().hasTarget(seen.targetCpu())) {
                others.add(each.state());
                cpuOfOtherJvms += each.sameJvm() ? 0 : each.state().own();
            }
        }
        if (!areBelievable(others, mine, seen.cpu().raw())) {
            share = HostShare.ALONE;
            return policy.decide(seen);
        }
        if (others.stream().noneMatch(GateState::hungry)) {
            share = new HostShare(others.size(), 100, cpuOfOtherJvms);
            return policy.decide(seen);
        }
        if (!mine.isOwnKnown() || !others.stream().allMatch(GateState::isOwnKnown)) {
            double inFlight = mine.inFlight()
                    + others.stream().mapToDouble(GateState::inFlight).sum();
            double raw = inFlight > 0 ? seen.cpu().raw() / inFlight : 0;
            double smoothed = inFlight > 0 ? seen.cpu().smoothed() / inFlight : 0;
            mine = mine.bySlots(raw, smoothed);
            others.replaceAll(each -> each.bySlots(raw, smoothed));
        }
        Division division =
                Division.of(seen.targetCpu(), seen.cpu().raw(), seen.cpu().smoothed(), mine, others);
        share = new HostShare(others.size(), 100 * division.part(), cpuOfOtherJvms);
        Decision decision = policy.decide(division.part() == 1 ? seen : viewOf(seen, mine, division, others));
        return new SharingGuard(seen, mine, others).check(decision);
    }

    /** Returns false if the gates have claimed, for some steps in a row, more CPU than was used on the machine. */
    private boolean areBelievable(List<GateState> others, GateState mine, double raw) {
        double claimed =
                mine.own() + others.stream().mapToDouble(GateState::own).sum();
        doubtfulSteps = claimed > raw + TOLERANCE ? doubtfulSteps + 1 : 0;
        if (doubtfulSteps < DOUBTFUL) {
            return true;
        }
        peers.report(String.format(
                Locale.ROOT,
                "its gates claim %.0f %% CPU, and %.0f %% was measured; they are ignored meanwhile",
                claimed,
                raw));
        return false;
    }

    /** What the policy of this gate sees: its part of the machine. */
    private static StepInput viewOf(StepInput seen, GateState mine, Division division, List<GateState> others) {
        CpuSample cpu = seen.cpu();
        double raw = mine.own() + division.part() * division.strangers();
        double smoothed = mine.smoothed() + division.part() * division.strangersSmoothed();
        double own = Double.isNaN(cpu.own()) ? Double.NaN : mine.own();
        CpuReading reading = new CpuReading(Math.min(100, raw), own, 0, cpu.scope(), cpu.cores());
        return seen.withCpu(CpuSample.of(reading, Math.min(100, smoothed)), targetOf(seen, mine, division, others));
    }

    /**
     * The gate's part of the target. A policy leaves a part of a slot unused, so {@code m} gates would leave {@code m}
     * times as much. Therefore the target of the gates that have least is raised, so that all gates together leave
     * about as much as one would.
     */
    private static double targetOf(StepInput seen, GateState mine, Division division, List<GateState> others) {
        double target = seen.targetCpu();
        double part = target * division.part();
        if (seen.cpu().smoothed() > target || others.stream().anyMatch(other -> hasLess(other, mine))) {
            return part;
        }
        return Math.min(target, part + (1 - division.part()) * UNUSED * mine.slotCost());
    }

    private static boolean hasLess(GateState other, GateState mine) {
        return other.hungry() && other.granted() + other.slotCost() / 2 <= mine.granted();
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
