package io.github.cpugate.policy;

import io.github.cpugate.cpu.CpuSample;

/**
 * Moves the limit, in a few steps and on a machine of any size, to the number of slots that fit into the target.
 *
 * <ul>
 *   <li><b>The climb.</b> From the start until CPU is near the target, {@link SlotCost} estimates own CPU per slot and
 *       the dead time. CPU by which the others have risen since the first session counts as cost too, since it may be
 *       that of child processes. The limit grows by most of the predicted headroom; while the cost is unknown or
 *       changes from step to step, by one slot a step. Sessions that use no CPU yet are predicted (O. J. M. Smith,
 *       "Closer Control of Loops with Dead Time", 1957), so the climb does not wait for them.
 *   <li><b>Integral control.</b> From then on the limit follows the integral of the error, in slots. Its gain rises
 *       with the square of the tracking signal (D. W. Trigg and A. G. Leach, "Exponential Smoothing with an Adaptive
 *       Response Rate", 1967): an error that lasts is corrected within some steps, noise and waves hardly at all. The
 *       longer the dead time, the longer are the waves of sessions that began together, and the lower is the least
 *       gain.
 *   <li><b>A margin.</b> CPU is kept below the target by a part of the cost of a slot and of the mean error, since few
 *       large slots, or sessions that differ, exceed the target at times. CPU far above the target counts more.
 *   <li><b>Strangers.</b> The part of the others' CPU that does not come and go with own CPU is fed forward.
 *   <li><b>Growth only with demand</b>, as in {@link OneSlotPolicy}.
 * </ul>
 *
 * <p>Stateful: one instance serves one gate. It learns nothing from a step or three without own CPU, and converts what
 * it knows when the scope changes.
 */
final class HeadroomPolicy implements StepPolicy {

    private static final int ODD_STEPS = 3; // without own CPU, before all CPU counts as own
    private static final double SATURATED = 95; // percent; sessions ask for more than they get

    // The climb.
    private static final double MAX_STEADY_RATIO = 1.2; // a cost that changes more in a step is not known yet
    private static final double IDLE_JVM_CORES = 0.05;
    private static final double NOISE = 2; // standard deviation of a reading, points
    private static final double CLIMB_GAIN = 0.65; // share of the headroom
    private static final double CLIMB_GAIN_PER_DEAD_STEP = 0.12; // added for each dead step after the first
    private static final double SMALL_HEADROOM = 0.08; // share of the target: only when the last move has shown
    private static final double ARRIVED_HEADROOM = 0.15; // share of the target
    private static final int STEPS_BEFORE_FAST_GROWTH = 5;

    // Integral control.
    private static final double LEARN = 0.05; // weight of a step in what is learned of cost: 20 steps
    private static final double TRACK = 0.06; // weight of a step in the tracking signal
    private static final double MIN_GAIN = 0.04; // of noise
    private static final double MAX_GAIN = 0.2; // of an error that lasts
    private static final double MIN_SHARE = 0.3; // of the others' CPU that is put down to slots
    private static final double SLOT_MARGIN = 0.35; // share of the cost of a slot
    private static final double ERROR_MARGIN = 0.2; // share of the mean error above CALM_ERROR
    private static final double CALM_ERROR = 4; // points
    private static final double OVER = 10; // points above the target, from which on CPU counts half as much again
    private static final double OVER_WEIGHT = 0.5;

    // Strangers' CPU.
    private static final double SMOOTH = 0.25; // weight of a step
    private static final double FORWARD = 0.6; // share that is fed forward

    private SlotCost model = new SlotCost();
    private String scope = "";
    private double cores = Double.NaN;
    private boolean ownKnown;
    private int oddSteps; // in a row
    private int lastLimit;
    private int stepsSinceMove;

    private boolean climbing = true;
    private int stepsInFlight;
    private double firstSlots;
    private double firstOthers;

    private int steps; // since the climb ended
    private double wanted; // slots
    private double share; // of the others' CPU that is put down to slots
    private double meanSlots;
    private double meanUse;
    private double error;
    private double absError;

    private double meanOwn;
    private double meanOthers;
    private double varOwn = 1;
    private double covariance;
    private double strangers;

    @Override
    public Decision decide(StepInput seen) {
        stepsSinceMove = seen.limit() == lastLimit ? stepsSinceMove + 1 : 1;
        lastLimit = seen.limit();
        if (isOdd(seen.cpu())) {
            return seen.hold(Reason.SETTLING);
        }
        changeScope(seen.cpu());
        double cpu = seen.cpu().raw();
        double own = ownKnown ? seen.cpu().own() : cpu;
        double costBefore = model.perSlot();
        double withoutBaseBefore = model.perSlotWithoutBase();
        model.learn(seen.meanInFlight(), own);
        if (seen.meanInFlight() <= 0) {
            return seen.hold(Reason.SETTLING);
        }
        boolean steady =
                isSteady(costBefore, model.perSlot()) && isSteady(withoutBaseBefore, model.perSlotWithoutBase());
        double slots = climbing ? climb(seen, cpu, own, steady) : steer(seen, cpu, own);
        int next = Math.max(seen.minSlots(), (int) slots);
        if (next > seen.limit()) {
            return seen.limitReached() ? new Decision(next, Reason.HEADROOM) : seen.hold(Reason.NO_DEMAND);
        }
        return next < seen.limit() ? new Decision(next, Reason.OVER_TARGET) : seen.hold(Reason.IN_BAND);
    }

    private boolean isOdd(CpuSample cpu) {
        oddSteps = ownKnown && Double.isNaN(cpu.own()) ? oddSteps + 1 : 0;
        ownKnown = !Double.isNaN(cpu.own()) || oddSteps > 0 && oddSteps <= ODD_STEPS;
        return oddSteps > 0 && ownKnown;
    }

    private void changeScope(CpuSample cpu) {
        if (!cpu.scope().equals(scope) && cores > 0 && cpu.cores() > 0) {
            meanUse *= cores / cpu.cores(); // the same work, in other units
        }
        scope = cpu.scope();
        cores = cpu.cores();
    }

    private static boolean isSteady(double before, double now) {
        return now <= MAX_STEADY_RATIO * before && before <= MAX_STEADY_RATIO * now;
    }

    private double climb(StepInput seen, double cpu, double own, boolean steady) {
        double target = seen.targetCpu();
        double using = model.delayedSlots();
        if (stepsInFlight == 0 && using > 0) {
            firstSlots = using;
            firstOthers = cpu - own;
        }
        stepsInFlight++;
        double risen = Math.max(0, cpu - own - firstOthers);
        double cost = model.perSlot() + risen / Math.max(1, using - firstSlots);
        double headroom = target - cpu - cost * Math.max(0, seen.limit() - using);
        boolean significant = model.perSlot() * using > hidden() || risen > 3 * NOISE;
        boolean settled = stepsSinceMove > model.deadSteps();
        boolean arrived = significant && steady && settled && headroom < Math.max(cost, ARRIVED_HEADROOM * target);
        if (cpu > target || arrived) {
            return arrive(seen, cpu, own, cost, headroom);
        }
        if (!significant || !steady) {
            return cpu < OneSlotPolicy.GROW_BELOW * target ? seen.limit() + 1 : seen.limit();
        }
        if (headroom < cost || headroom < SMALL_HEADROOM * target && !settled) {
            return seen.limit();
        }
        double gain = Math.min(1, CLIMB_GAIN + CLIMB_GAIN_PER_DEAD_STEP * Math.max(0, model.deadSteps() - 1));
        double maxCost = cost + (ownKnown ? Math.min(NOISE / 10, hidden()) : 2 * NOISE) / Math.max(1, using);
        double maxGrowth = (stepsInFlight > STEPS_BEFORE_FAST_GROWTH ? 15.0 : 3.0) * seen.limit();
        return seen.limit() + Math.max(1, Math.min(maxGrowth, gain * headroom / maxCost));
    }

    /** The CPU that is no session's although it may seem so: an idle JVM's, or noise. */
    private double hidden() {
        return !ownKnown ? 3 * NOISE : Double.isNaN(cores) ? NOISE / 2 : 100 * IDLE_JVM_CORES / cores;
    }

    /** Ends the climb, and hands over what it has found. */
    private double arrive(StepInput seen, double cpu, double own, double cost, double headroom) {
        climbing = false;
        meanSlots = model.delayedSlots();
        meanUse = cost * meanSlots;
        share = Math.max(MIN_SHARE, Math.min(1, (meanUse - own) / Math.max(1, cpu - own)));
        double predicted = seen.limit() + Math.min(headroom, 0) / Math.max(cost, 0.01);
        double measured = meanSlots * seen.targetCpu() / Math.max(cpu, seen.targetCpu());
        wanted = Math.max(predicted, measured);
        return Math.min(seen.limit(), wanted);
    }

    private double steer(StepInput seen, double cpu, double own) {
        double using = model.delayedSlots();
        double use = own + share * (cpu - own);
        if (cpu < SATURATED || use * meanSlots > meanUse * using) {
            meanSlots += LEARN * (using - meanSlots);
            meanUse += LEARN * (use - meanUse);
        }
        double moved = strangersMove(cpu - own, own);
        steps++;
        double target = seen.targetCpu();
        double cost = Math.max(0.5, meanUse) / Math.max(1, meanSlots);
        double waves = Math.max(1, (1 + model.deadTime()) / 2);
        double margin = (SLOT_MARGIN * cost + ERROR_MARGIN * Math.max(0, absError - CALM_ERROR)) / waves;
        double now = target - margin - cpu - OVER_WEIGHT * Math.max(0, cpu - target - OVER);
        error += TRACK * (now - error);
        absError += TRACK * (Math.abs(now) - absError);
        double lasting = error / absError; // -1 to 1
        double leastGain = MIN_GAIN / waves;
        double gain = Math.max(1 / (3.0 + steps), leastGain + (MAX_GAIN - leastGain) * lasting * lasting);
        double fit = Math.min(using + now / cost, 4 * Math.max(using, 1)); // however little a slot seems to cost
        wanted += gain * (fit - seen.limit()) - FORWARD * moved / cost;
        wanted = Math.min(wanted, seen.limitReached() ? seen.maxSlots() : seen.limit() + 1);
        wanted = Math.max(seen.minSlots(), Math.min(seen.maxSlots(), wanted));
        double slack = Math.min(0.2, 4 / cost); // so that noise does not move the limit to and fro
        return Math.max(Math.floor(wanted), Math.min(Math.floor(wanted + slack), seen.limit()));
    }

    /** By how much the others' CPU moved that does not come and go with our own. */
    private double strangersMove(double others, double own) {
        if (steps == 0) {
            meanOthers = others;
            meanOwn = own;
            strangers = others;
        }
        double othersOff = others - meanOthers;
        double ownOff = own - meanOwn;
        meanOthers += LEARN * othersOff;
        meanOwn += LEARN * ownOff;
        varOwn += LEARN * (ownOff * ownOff - varOwn);
        covariance += LEARN * (othersOff * ownOff - covariance);
        double slope = covariance / (varOwn + 0.01 * (1 + meanOwn * meanOwn)); // little variance is no evidence
        slope = Math.max(0, Math.min(slope, 1.2 * meanOthers / Math.max(1, meanOwn)));
        double move = SMOOTH * (others - slope * (own - meanOwn) - strangers);
        strangers += move;
        return move;
    }

    @Override
    public String toString() {
        return "headroom";
    }
}
