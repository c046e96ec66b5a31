package io.github.cpugate.policy;

/**
 * Keeps CPU at the target: the wanted number of slots is the integral of the error, in slots.
 *
 * <p>The error is the room below the target, divided by the cost of a slot. That cost is mean CPU over mean slots. If
 * it is wrong, the control is slower or quicker, and rests at the same point.
 *
 * <ul>
 *   <li><b>The gain</b> follows a tracking signal (D. W. Trigg and A. G. Leach, "Exponential Smoothing with an Adaptive
 *       Response Rate", 1967): the mean error over the mean absolute error, squared. An error that lasts is corrected
 *       within some steps; noise, and waves of sessions that began together, hardly move the limit.
 *   <li><b>A margin</b> keeps CPU below the target by a part of the cost of a slot and of the mean absolute error,
 *       since large slots, and sessions that differ, exceed the target at times. CPU far above the target counts more
 *       than CPU far below it, and the more the longer it lasts.
 *   <li><b>The dead time</b> lowers the least gain and the margin: the later sessions use CPU, the longer are their
 *       waves, and a correction at the crest of a wave would deepen its trough.
 *   <li><b>Strangers' CPU</b> is fed forward, see {@link StrangersCpu}: the limit moves before the error shows.
 * </ul>
 */
final class IntegralControl {

    private static final double SATURATED = 95; // percent; sessions ask for more than they get
    private static final double LEARN = 0.05; // weight of a step in the cost: 20 steps
    private static final double TRACK = 0.06; // weight of a step in the tracking signal
    private static final double MIN_GAIN = 0.04; // of noise
    private static final double MAX_GAIN = 0.2; // of an error that lasts
    private static final double MIN_SHARE = 0.3; // of the others' CPU that counts as cost of slots
    private static final double SLOT_MARGIN = 0.36; // share of the cost of a slot
    private static final double ERROR_MARGIN = 0.22; // share of the mean absolute error above CALM
    private static final double CALM = 4; // points
    private static final double MAX_MARGIN = 9; // points
    private static final double FAR = 10; // points above the target, beyond which CPU counts more
    private static final double FAR_WEIGHT = 0.75; // how much more
    private static final int LONG = 8; // steps far above the target, after which CPU counts still more
    private static final double LONG_WEIGHT = 0.25; // how much more with each further step
    private static final double FORWARD = 0.6; // share of the strangers' CPU that is fed forward
    private static final double MAX_FACTOR = 4; // of the slots in use, however little a slot seems to cost

    private final SlotCost model;
    private final StrangersCpu strangers = new StrangersCpu();
    private int steps;
    private double target;
    private double lastOthers; // others' CPU, points; NaN: of another scope
    private double wanted; // slots
    private double share; // of the others' CPU that counts as cost of slots
    private double meanSlots;
    private double meanUse; // points, of meanSlots
    private double error; // mean, points
    private double absError; // mean, points
    private int farSteps; // in a row, far above the target

    IntegralControl(SlotCost model) {
        this.model = model;
    }

    /** Starts with what the climb has found: this many slots fit, at a cost in points. */
    void start(StepInput seen, double slots, double cost, double cpu, double own) {
        target = seen.targetCpu();
        lastOthers = cpu - own;
        wanted = slots;
        meanSlots = model.delayedSlots();
        meanUse = cost * meanSlots;
        share = Math.max(MIN_SHARE, Math.min(1, (meanUse - own) / Math.max(1, cpu - own)));
    }

    /** Converts what is known when the same work uses another percentage. */
    void scale(double ratio) {
        meanUse *= ratio;
        if (ratio != 1) {
            strangers.forget();
            lastOthers = Double.NaN;
        }
    }

    /** Follows a move of the limit that this control did not decide, or not to that extent. */
    void limitMovedBy(int slots) {
        wanted += slots;
    }

    int nextLimit(StepInput seen, double cpu, double own) {
        double others = cpu - own;
        double moved = followTarget(seen.targetCpu(), others);
        double strangersMoved = strangers.move(others, own);
        double using = model.delayedSlots();
        learnCost(using, cpu, own + share * others);
        double cost = Math.max(0.5, meanUse) / Math.max(1, meanSlots);
        double room = room(target - moved, cpu, cost); // as if the target had not moved
        double gain = gain(room);
        double fit = Math.min(using + room / cost, MAX_FACTOR * Math.max(using, 1));
        if (room > 0 && !seen.limitReached()) {
            fit = Math.max(fit, seen.limit()); // few slots are in use, since few are wanted
        }
        wanted += gain * (fit - seen.limit()) + (moved - FORWARD * strangersMoved) / cost;
        wanted = Math.min(wanted, seen.limitReached() ? seen.maxSlots() : seen.limit() + 1);
        wanted = Math.max(seen.minSlots(), Math.min(seen.maxSlots(), wanted));
        double slack = Math.min(0.2, 4 / cost); // of a slot, so that noise does not move the limit to and fro
        return (int) Math.max(Math.floor(wanted), Math.min(Math.floor(wanted + slack), seen.limit()));
    }

    /**
     * Follows the target. Returns by how many points it has moved, less what the others' CPU has moved with it: both
     * move when the gate's part of the machine changes. Percentages of two scopes cannot be compared: returns 0.
     */
    private double followTarget(double newTarget, double others) {
        double moved = Double.isNaN(lastOthers) ? 0 : newTarget - target;
        if (moved != 0) {
            strangers.shift(others - lastOthers);
            moved -= others - lastOthers;
        }
        target = newTarget;
        lastOthers = others;
        return moved;
    }

    private void learnCost(double using, double cpu, double use) {
        if (cpu < SATURATED) {
            meanSlots += LEARN * (using - meanSlots);
            meanUse += LEARN * (use - meanUse);
        }
    }

    /** The room below the target in points, less the margin. CPU far above the target counts as more than it is. */
    private double room(double target, double cpu, double cost) {
        double margin = SLOT_MARGIN * cost + ERROR_MARGIN * Math.max(0, absError - CALM);
        double far = Math.max(0, cpu - target - FAR);
        farSteps = far > 0 ? farSteps + 1 : 0;
        double lasting = LONG_WEIGHT * Math.max(0, farSteps - LONG) * far;
        return target - cpu - (Math.min(margin, MAX_MARGIN) + FAR_WEIGHT * far) / deadTime() - lasting;
    }

    private double gain(double room) {
        error += TRACK * (room - error);
        absError += TRACK * (Math.abs(room) - absError);
        steps++;
        double trackingSignal = absError > 0 ? error / absError : 0; // -1 to 1
        double minGain = MIN_GAIN * 2 / (1 + deadTime());
        double gain = minGain + (MAX_GAIN - minGain) * trackingSignal * trackingSignal;
        return Math.max(1 / (3.0 + steps), gain); // at first, the mean of what the steps say
    }

    /** The dead time in steps, at least one. */
    private double deadTime() {
        return Math.max(1, model.deadTime());
    }
}
