package io.github.cpugate.policy;

/**
 * Raises the limit until CPU is near the target, on the estimated cost of a slot.
 *
 * <p>The CPU of sessions that use none yet is predicted (O. J. M. Smith, "Closer Control of Loops with Dead Time",
 * 1957): the headroom is what is left once all slots use CPU, so the climb does not wait for them. While the cost is
 * unknown or changes from step to step, the limit grows by one slot a step.
 *
 * <p>CPU by which the others have risen since the first session counts as cost too, since child processes may work for
 * the sessions.
 */
final class Climb {

    private static final double IDLE_JVM_CORES = 0.05;
    private static final double NOISE = 2; // standard deviation of a reading, points
    private static final double SHARE = 0.65; // of the headroom
    private static final double SHARE_PER_DEAD_STEP = 0.12; // added for each dead step after the first
    private static final double SMALL_HEADROOM = 0.08; // share of the target; below it, growth waits for the last move
    private static final double ARRIVED_HEADROOM = 0.1; // share of the target
    private static final int CAREFUL_STEPS = 5;
    private static final double CAREFUL_FACTOR = 4; // of growth in a step
    private static final double FACTOR = 16;

    private final SlotCost model;
    private int lastLimit;
    private int stepsSinceMove;
    private int steps; // with slots in flight
    private double firstSlots;
    private double firstOthers;
    private double cost;
    private boolean arrived;
    private double arrivedSlots;

    Climb(SlotCost model) {
        this.model = model;
    }

    boolean hasArrived() {
        return arrived;
    }

    /** Points per slot. */
    double cost() {
        return cost;
    }

    /** The number of slots that fit into the target, once the climb has arrived. */
    double slots() {
        return arrivedSlots;
    }

    int nextLimit(StepInput seen, double cpu, double own, boolean ownKnown) {
        stepsSinceMove = seen.limit() == lastLimit ? stepsSinceMove + 1 : 1;
        lastLimit = seen.limit();
        double target = seen.targetCpu();
        double using = model.delayedSlots();
        if (steps == 0 && using > 0) {
            firstSlots = using;
            firstOthers = cpu - own;
        }
        steps++;
        double risen = Math.max(0, cpu - own - firstOthers);
        cost = model.perSlot() + risen / Math.max(1, using - firstSlots);
        double headroom = target - cpu - cost * Math.max(0, seen.limit() - using);
        double hidden = hidden(seen.cpu().cores(), ownKnown);
        boolean isKnown = model.isSteady() && (model.perSlot() * using > hidden || risen > 3 * NOISE);
        boolean settled = stepsSinceMove > model.deadSteps();
        arrived = cpu > target || (isKnown && settled && headroom < Math.max(cost, ARRIVED_HEADROOM * target));
        if (arrived) {
            double predicted = seen.limit() + Math.min(headroom, 0) / Math.max(cost, 0.01);
            double measured = using * target / Math.max(cpu, target);
            arrivedSlots = Math.max(predicted, measured);
            return Math.min(seen.limit(), (int) arrivedSlots);
        }
        if (!isKnown) {
            return cpu < OneSlotPolicy.GROW_BELOW * target ? (int) (seen.limit() + 1.0) : seen.limit();
        }
        if (headroom < cost || (headroom < SMALL_HEADROOM * target && !settled)) {
            return seen.limit();
        }
        double share = Math.min(1, SHARE + SHARE_PER_DEAD_STEP * Math.max(0, model.deadSteps() - 1));
        double maxCost = cost + (ownKnown ? Math.min(NOISE / 10, hidden) : 2 * NOISE) / Math.max(1, using);
        double factor = steps > CAREFUL_STEPS ? FACTOR : CAREFUL_FACTOR;
        double next = seen.limit() + Math.max(1, share * headroom / maxCost);
        return (int) Math.min(next, factor * seen.limit());
    }

    /** The CPU that is no session's although it may seem so: an idle JVM's, or noise. */
    private static double hidden(double cores, boolean ownKnown) {
        if (!ownKnown) {
            return 3 * NOISE;
        }
        return cores > 0 ? 100 * IDLE_JVM_CORES / cores : NOISE / 2;
    }
}
