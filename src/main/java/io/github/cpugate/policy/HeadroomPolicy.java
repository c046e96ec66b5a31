package io.github.cpugate.policy;

import io.github.cpugate.cpu.CpuSample;

/**
 * Moves the limit, in a few steps and on a machine of any size, to the number of slots that fit into the target.
 *
 * <p>{@link SlotCost} estimates the cost per slot, and predicts CPU for the case that every slot of the present limit
 * is held and uses CPU. The prediction does not lag: it does not wait for the average to follow, for sessions that use
 * no CPU yet, or for a cut to drain. (Control by a model of a plant with dead time: O. J. M. Smith, "Closer Control of
 * Loops with Dead Time", 1957.)
 *
 * <ul>
 *   <li><b>Fast to shrink on the prediction.</b> If the last reading exceeds the target, and the prediction exceeds the
 *       target plus 1 point by the cost of a slot or more, the limit falls at once by the whole predicted excess: the
 *       new prediction is less than 1 point above the target.
 *   <li><b>Slower to shrink on readings.</b> If the last reading and the average both exceed the target by more than 1
 *       point, whatever the prediction, the limit falls by half of the excess of the lower of the two, and by at least
 *       a slot. The cut is counted from the sessions in flight if these are fewer than the limit, as in
 *       {@link OneSlotPolicy}. The next such cut comes, at the earliest, the dead time plus a step later, when this one
 *       shows.
 *   <li><b>Patient with waves.</b> Sessions that began together use CPU together, after a dead time and in waves. If
 *       the prediction is at most 2 points above the target, readings above it count as a wave: the limit is held for
 *       up to twice the dead time before a cut on readings. (A cut at each crest and growth in each trough would make
 *       the next wave higher.)
 *   <li><b>Cautious to grow.</b> If a slot fits into the predicted headroom, the limit grows by two thirds of it,
 *       rounded. The longer the dead time, the larger that share, up to the whole: no feedback arrives during the
 *       climb, so smaller steps would be no safer. In one step the limit grows at most to 4 times, or to 16 times once
 *       sessions have been observed for some steps. It takes the last of the headroom only after the last move has
 *       settled. If no slot fits, it grows by one slot if the last move has settled and both the last reading and the
 *       average are below 0.8 × target.
 *   <li><b>A trial slot</b> is added otherwise, after some steps without a move, if CPU plus the JVM's part of the
 *       slot's cost would exceed the target by no more than CPU is below it now, and by at most 4 points. The trial
 *       shows whether the rest of the estimated cost is background; where the target lies between two numbers of slots,
 *       the limit alternates between them, and CPU meets the target on average. There is no trial where the whole cost
 *       is the JVM's and comes in waves, since low CPU may then be a trough.
 *   <li><b>Growth by one slot a step while the cost is unknown</b>, and only below 0.8 × target: until the cost of
 *       sessions is significant, and as long as the estimated cost per slot changes from step to step.
 *   <li><b>Growth only with demand</b>: only if callers ran into the limit, as in {@link OneSlotPolicy}.
 * </ul>
 *
 * <p>The asymmetry is that of additive increase and multiplicative decrease (D.-M. Chiu and R. Jain, "Analysis of the
 * Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989), in units of the cost per
 * slot. Where the model is wrong, feedback corrects it: each move shows in the next readings.
 *
 * <p>Stateful: one instance serves one gate. It starts afresh when the scope changes, or when own CPU becomes known or
 * unknown, since the units then differ.
 */
final class HeadroomPolicy implements StepPolicy {

    /** Excess that the noise of a reading explains, percentage points. */
    private static final double TOLERANCE = 1;

    /** Predicted excess that waves of sessions explain, since the model describes the recent past; points. */
    private static final double WAVE_TOLERANCE = 2;

    private static final double SHRINK_GAIN = 0.5; // share of the excess
    private static final double GROWTH_GAIN = 0.65; // share of the headroom
    private static final double GROWTH_GAIN_PER_DEAD_STEP = 0.12; // added for each dead step after the first
    private static final double SMALL_HEADROOM = 0.08; // share of the target
    private static final double MAX_TRIAL_OVERSHOOT = 4; // points above the target

    /**
     * The cost is steady if it changes by no more than this factor in a step; if it is not, the first sessions are
     * still starting. {@link SlotCost#ownPerSlot} and {@link SlotCost#ownPerSlotWithoutBase} must both be steady, since
     * one alone may be steady by chance.
     */
    private static final double MAX_STEADY_RATIO = 1.2;

    private static final int STEPS_BEFORE_FAST_GROWTH = 5; // with sessions in flight, before growth beyond 4 times
    private static final int STEPS_BEFORE_TRIAL = 5; // from a settled move to a trial slot

    private SlotCost cost = new SlotCost();
    private String scope = "";
    private boolean costIsSteady;
    private int stepsInFlight;
    private int lastLimit;
    private int stepsSinceMove; // since the limit itself moved: the gate's bounds may prevent a decided move
    private int stepsInWave; // in which CPU is above the target, but the prediction near it

    @Override
    public Decision decide(StepInput seen) {
        learn(seen);
        double target = seen.targetCpu();
        double raw = seen.cpu().raw();
        double smoothed = seen.cpu().smoothed();
        int excessSlots = slots(cost.predicted(seen.limit()) - target - TOLERANCE, cost.perSlot());
        if (raw > target && excessSlots >= 1 && seen.meanInFlight() > 0) {
            return seen.moveBy(-1 - excessSlots, Reason.OVER_TARGET);
        }
        double lower = Math.min(raw, smoothed);
        if (lower > target + TOLERANCE) {
            return shrink(seen, SHRINK_GAIN * (lower - target));
        }
        stepsInWave = 0;
        return seen.limitReached() ? grow(seen, Math.max(raw, smoothed)) : seen.hold(Reason.NO_DEMAND);
    }

    private void learn(StepInput seen) {
        CpuSample cpu = seen.cpu();
        if (!cpu.scope().equals(scope) || Double.isNaN(cpu.own()) == cost.isOwnKnown()) {
            scope = cpu.scope();
            cost = new SlotCost();
            stepsInFlight = 0;
        }
        double ownBefore = cost.ownPerSlot();
        double withoutBaseBefore = cost.ownPerSlotWithoutBase();
        cost.learn(seen.meanInFlight(), cpu.raw(), cpu.own());
        costIsSteady =
                isSteady(ownBefore, cost.ownPerSlot()) && isSteady(withoutBaseBefore, cost.ownPerSlotWithoutBase());
        stepsInFlight = seen.meanInFlight() > 0 ? stepsInFlight + 1 : 0;
        stepsSinceMove = seen.limit() == lastLimit ? stepsSinceMove + 1 : 1;
        lastLimit = seen.limit();
    }

    private static boolean isSteady(double before, double now) {
        return now <= MAX_STEADY_RATIO * before && before <= MAX_STEADY_RATIO * now;
    }

    private Decision shrink(StepInput seen, double points) {
        if (seen.inFlight() > seen.limit() || seen.meanInFlight() > seen.limit() + 0.5) {
            // Or the drain has just ended: the reading includes sessions that have left.
            return seen.hold(Reason.DRAINING);
        }
        if (!hasSettled()) {
            return seen.hold(Reason.SETTLING);
        }
        if (cost.predicted(seen.limit()) <= seen.targetCpu() + WAVE_TOLERANCE && stepsInWave < 2 * cost.deadSteps()) {
            stepsInWave++;
            return seen.hold(Reason.SETTLING);
        }
        double measured = seen.cpu().raw() / Math.max(1, seen.meanInFlight());
        int cut = Math.max(1, slots(points, Math.max(measured, cost.perSlot())));
        return new Decision(seen.slotsInUse() - cut, Reason.OVER_TARGET);
    }

    private Decision grow(StepInput seen, double cpu) {
        double target = seen.targetCpu();
        boolean belowBand = cpu < OneSlotPolicy.GROW_BELOW * target;
        if (!cost.isSignificant(seen.cpu().cores()) || !costIsSteady) {
            return belowBand ? seen.moveBy(1, Reason.HEADROOM) : seen.hold(Reason.SETTLING);
        }
        double headroom = target - cost.predicted(seen.limit());
        if (headroom >= cost.perSlot()) {
            if (headroom < SMALL_HEADROOM * target && !hasSettled()) {
                return seen.hold(Reason.SETTLING);
            }
            long maxGrowth = (stepsInFlight > STEPS_BEFORE_FAST_GROWTH ? 15L : 3L) * seen.limit();
            double gain = Math.min(1, GROWTH_GAIN + GROWTH_GAIN_PER_DEAD_STEP * Math.max(0, cost.deadSteps() - 1));
            long growth = slots(
                    gain * headroom + cost.perSlot() / 2,
                    cost.maxPerSlot(seen.cpu().cores()));
            return seen.moveBy((int) Math.max(1, Math.min(growth, maxGrowth)), Reason.HEADROOM);
        }
        if (belowBand) {
            return hasSettled() ? seen.moveBy(1, Reason.HEADROOM) : seen.hold(Reason.SETTLING);
        }
        boolean mayBeTrough = cost.hasDeadTime() && cost.perSlot() <= cost.ownPerSlot();
        boolean mayTry = stepsSinceMove > STEPS_BEFORE_TRIAL + cost.deadSteps() && !mayBeTrough;
        double margin = Math.max(cost.ownPerSlot() / 2, cost.ownPerSlot() - MAX_TRIAL_OVERSHOOT);
        return mayTry && cpu + margin <= target ? seen.moveBy(1, Reason.HEADROOM) : seen.hold(Reason.IN_BAND);
    }

    private boolean hasSettled() {
        return stepsSinceMove > cost.deadSteps();
    }

    /** Whole slots that these percentage points pay for. */
    private static int slots(double points, double perSlot) {
        return perSlot > 0 ? (int) (points / perSlot) : 0;
    }

    @Override
    public String toString() {
        return "headroom";
    }
}
