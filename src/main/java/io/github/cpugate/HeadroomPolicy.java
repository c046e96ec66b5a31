package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;

/**
 * As many slots as the target has room for, in a few steps, on a machine of any size.
 *
 * <p>{@link SlotCost} learns what a slot costs, and so predicts what CPU will come to once every slot of the present
 * limit costs. A prediction lags behind nothing: not behind the average, nor behind sessions that do not cost yet, nor
 * behind a cut that still drains. (To steer by a model where the plant answers late: O. J. M. Smith, "Closer Control of
 * Loops with Dead Time", 1957.)
 *
 * <ul>
 *   <li><b>Fast to shrink.</b> If CPU exceeds the target, and the prediction does so by more than a slot, by all that
 *       it is too much, at once. If both the last reading and the average exceed it, whatever is predicted, by half of
 *       what they do, and at least a slot; then wait until that has shown, the dead time and a step. Sessions that
 *       began together cost together, after a dead time and in waves: if the prediction is at the target, a wave has
 *       twice the dead time to pass. (To cut on each crest and to add in each trough makes the next wave higher.)
 *   <li><b>Cautious to grow.</b> By two thirds of the room that is left by the prediction, rounded, if a slot fits into
 *       it; by more the longer the dead time, since then each step of an approach is made on the prediction alone.
 *       Fourfold at most, and sixteenfold once sessions have shown what they do for some steps; into the last of the
 *       room only when the last move has shown. If none fits, by one slot where the plain rule would, below 0.8 ×
 *       target; or, after some quiet steps, if the JVM's part of one would leave CPU no farther above the target than
 *       it is below now. So it finds out whether the rest of what was put down to the slot is background; and where the
 *       target lies between two numbers of slots, it goes to and fro, which on average is the target. Not where all of
 *       the cost is the JVM's and comes in waves, since a quiet moment is the trough of one then.
 *   <li><b>In the dark, one slot a step</b>, as the plain rule: while no session has been seen to cost, and as long as
 *       what a slot costs is another from step to step.
 *   <li><b>Only while the limit binds</b>: no growth without demand, as {@link OneSlotPolicy} has it.
 * </ul>
 *
 * <p>The asymmetry is that of additive increase and multiplicative decrease (D.-M. Chiu and R. Jain, "Analysis of the
 * Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989), in units of what a slot
 * costs. Where the model is wrong, CPU corrects it: what was added or cut shows in the next readings.
 *
 * <p>Remembers what it has learned, for as long as CPU is told in the same units: one instance serves one gate. Where
 * the scope changes, or own CPU comes or goes, it begins anew.
 */
final class HeadroomPolicy implements StepPolicy {

    /** Points above the target that the noise of a reading explains. */
    private static final double TOLERANCE = 1;

    /** Points above the target that waves of sessions leave in the prediction, which is of the recent past. */
    private static final double RIPPLE = 2;

    private static final double SHARE_OF_EXCESS = 0.5;
    private static final double SHARE_OF_ROOM = 0.65;
    private static final double SHARE_PER_DEAD_STEP = 0.12; // more, for each one after the first
    private static final double LAST_OF_ROOM = 0.08; // share of the target
    private static final double MOST_BEYOND = 4; // points that a slot that is tried may take CPU above the target

    /**
     * A cost that changes by more in a step is not known: the first sessions are only beginning. With the rest of own
     * CPU or without: by chance, one of the two may seem steady while sessions begin.
     */
    private static final double STEADY = 1.2;

    /** "Some steps". */
    private static final int PATIENCE = 5;

    private SlotCost cost = new SlotCost();
    private String scope = "";
    private boolean costIsSteady;
    private int stepsInFlight;
    private int limit;
    private int stepsSinceMove; // since the limit did move: the gate's bounds may hold it where it is
    private int stepsOnCrest; // CPU above the target, and not because of too many slots

    @Override
    public Decision decide(StepInput seen) {
        learn(seen);
        double target = seen.targetCpu();
        double raw = seen.cpu().raw();
        double smoothed = seen.cpu().smoothed();
        int tooMany = slots(cost.predicted(seen.limit()) - target - TOLERANCE, cost.perSlot());
        if (raw > target && tooMany >= 1 && seen.meanInFlight() > 0) {
            return seen.moveBy(-1 - tooMany, Reason.OVER_TARGET);
        }
        double least = Math.min(raw, smoothed);
        if (least > target + TOLERANCE) {
            return shrink(seen, SHARE_OF_EXCESS * (least - target));
        }
        stepsOnCrest = 0;
        return seen.limitReached() ? grow(seen, Math.max(raw, smoothed)) : seen.hold(Reason.NOT_BINDING);
    }

    private void learn(StepInput seen) {
        CpuSample cpu = seen.cpu();
        if (!cpu.scope().equals(scope) || Double.isNaN(cpu.own()) == cost.knowsOwn()) {
            scope = cpu.scope();
            cost = new SlotCost(); // in other units
            stepsInFlight = 0;
        }
        double slotBefore = cost.atLeast();
        double allBefore = cost.ownPerSlot();
        cost.learn(seen.meanInFlight(), cpu.raw(), cpu.own());
        costIsSteady = isSteady(slotBefore, cost.atLeast()) && isSteady(allBefore, cost.ownPerSlot());
        stepsInFlight = seen.meanInFlight() > 0 ? stepsInFlight + 1 : 0;
        stepsSinceMove = seen.limit() == limit ? stepsSinceMove + 1 : 1;
        limit = seen.limit();
    }

    private static boolean isSteady(double before, double now) {
        return now <= STEADY * before && before <= STEADY * now;
    }

    private Decision shrink(StepInput seen, double points) {
        if (seen.inFlight() > seen.limit() || seen.meanInFlight() > seen.limit() + 0.5) {
            return seen.hold(Reason.DRAINING); // or has just ended to: the reading is of those who have left
        }
        if (!hasSettled()) {
            return seen.hold(Reason.SETTLING);
        }
        if (cost.predicted(seen.limit()) <= seen.targetCpu() + RIPPLE && stepsOnCrest < 2 * cost.deadSteps()) {
            stepsOnCrest++;
            return seen.hold(Reason.SETTLING);
        }
        double measured = seen.cpu().raw() / Math.max(1, seen.meanInFlight());
        return seen.moveBy(-Math.max(1, slots(points, Math.max(measured, cost.perSlot()))), Reason.OVER_TARGET);
    }

    private Decision grow(StepInput seen, double cpu) {
        double target = seen.targetCpu();
        boolean low = cpu < OneSlotPolicy.GROW_BELOW * target;
        if (!cost.isSeen(seen.cpu().cores()) || !costIsSteady) {
            return low ? seen.moveBy(1, Reason.HEADROOM) : seen.hold(Reason.SETTLING);
        }
        double room = target - cost.predicted(seen.limit());
        if (room >= cost.perSlot()) {
            if (room < LAST_OF_ROOM * target && !hasSettled()) {
                return seen.hold(Reason.SETTLING);
            }
            long most = (stepsInFlight > PATIENCE ? 15L : 3L) * seen.limit();
            double share = Math.min(1, SHARE_OF_ROOM + SHARE_PER_DEAD_STEP * Math.max(0, cost.deadSteps() - 1));
            long fit = slots(
                    share * room + cost.perSlot() / 2, cost.atMost(seen.cpu().cores()));
            return seen.moveBy((int) Math.max(1, Math.min(fit, most)), Reason.HEADROOM);
        }
        if (low) {
            return hasSettled() ? seen.moveBy(1, Reason.HEADROOM) : seen.hold(Reason.SETTLING);
        }
        boolean quiet = stepsSinceMove > PATIENCE + cost.deadSteps();
        boolean trough = cost.isLate() && cost.perSlot() <= cost.atLeast();
        double more = Math.max(cost.atLeast() / 2, cost.atLeast() - MOST_BEYOND);
        return quiet && !trough && cpu + more <= target ? seen.moveBy(1, Reason.HEADROOM) : seen.hold(Reason.IN_BAND);
    }

    private boolean hasSettled() {
        return stepsSinceMove > cost.deadSteps();
    }

    /** Whole slots in so many points of CPU. */
    private static int slots(double points, double perSlot) {
        return perSlot > 0 ? (int) (points / perSlot) : 0;
    }

    @Override
    public String toString() {
        return "headroom";
    }
}
