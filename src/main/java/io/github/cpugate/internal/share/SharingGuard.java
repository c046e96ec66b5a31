package io.github.cpugate.internal.share;

import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepInput;
import java.util.List;

/**
 * Prevents moves that help nobody. The gate's own policy may want them, since it sees only its part of the machine. The
 * gate yields only if a peer gains and CPU stays in the band; it does not cut further while the cuts of all gates
 * drain; and it grows only into room that is there.
 */
final class SharingGuard {

    private static final double BAND = 0.8; // lower end, share of the target
    private static final double GAIN = 0.8; // of its slot, that a peer must be able to gain

    private final StepInput seen;
    private final GateState mine;
    private final List<GateState> others;
    private final double used; // CPU once every granted slot is in use, while cuts still drain
    private final double settled; // smoothed CPU once every granted slot is in use and every cut has drained

    SharingGuard(StepInput seen, GateState mine, List<GateState> others) {
        this.seen = seen;
        this.mine = mine;
        this.others = others;
        double toCome = Math.max(0, mine.granted() - mine.own());
        double toSettle = mine.granted() - mine.smoothed();
        for (GateState other : others) {
            toCome += Math.max(0, other.granted() - other.own());
            toSettle += other.granted() - other.smoothed();
        }
        this.used = seen.cpu().raw() + toCome;
        this.settled = seen.cpu().smoothed() + toSettle;
    }

    Decision check(Decision wanted) {
        int limit = Math.max(seen.minSlots(), Math.min(seen.maxSlots(), wanted.limit()));
        if (limit < seen.limit()) {
            return shrink(limit, wanted.reason());
        }
        return limit > seen.limit() ? grow(limit, wanted.reason()) : wanted;
    }

    private Decision shrink(int limit, Reason reason) {
        double target = seen.targetCpu();
        double spare = settled - BAND * target;
        boolean isOver = seen.cpu().smoothed() > target;
        boolean mustShrink = isOver && settled > target; // else enough has been cut
        if (!mustShrink && (spare <= 0 || !somebodyGains())) {
            return seen.hold(isOver ? Reason.DRAINING : Reason.IN_BAND);
        }
        int most = mine.slotCost() > 0 ? (int) Math.max(1, spare / mine.slotCost()) : seen.limit();
        return new Decision(Math.max(limit, seen.limit() - most), mustShrink ? reason : Reason.YIELDED);
    }

    /** Whether a peer that wants CPU would hardly have more than this gate after each has moved by a slot. */
    private boolean somebodyGains() {
        double after = mine.granted() - mine.slotCost();
        return others.stream().anyMatch(other -> other.hungry() && other.granted() + GAIN * other.slotCost() <= after);
    }

    private Decision grow(int limit, Reason reason) {
        double low = BAND * seen.targetCpu();
        int fit = mine.slotCost() > 0 ? (int) Math.max(0, (seen.targetCpu() - used) / mine.slotCost()) : 1;
        if (fit == 0 && seen.cpu().smoothed() < low && used < low) {
            fit = 1; // a slot that costs more than the band is wide
        }
        return fit == 0 ? seen.hold(Reason.SETTLING) : new Decision(Math.min(limit, seen.limit() + fit), reason);
    }
}
