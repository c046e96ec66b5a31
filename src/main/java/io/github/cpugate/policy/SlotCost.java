package io.github.cpugate.policy;

/**
 * Estimates own CPU per slot and the dead time, from how own CPU changes while slots climb.
 *
 * <p>The model is <i>own = base + cost × slots</i>, where the slots are those in flight one dead time ago: a session
 * that still waits for its first token uses no CPU yet. There is one fit for each dead time, by least squares with
 * exponential forgetting and a ridge penalty on the base: at rest the base cannot be distinguished from cost, and all
 * own CPU counts as cost. While slots climb, and own CPU with them, the dead time whose fit explains own CPU best is
 * selected. The window is longer for a longer dead time, since sessions that began together use CPU in waves.
 */
final class SlotCost {

    private static final int MAX_DEAD_STEPS = 6;
    private static final int PER_STEP = 4; // resolution of the dead time
    private static final double WINDOW = 10; // steps, without a dead time; each dead step adds the same again
    private static final double RIDGE_PENALTY = 0.1;
    private static final double MIN_R_SQUARED_GAIN = 0.001;
    private static final double PEAK_DECAY = 0.99; // the peak is that of the last hundred steps or so
    private static final double MAX_STEADY_RATIO = 1.2; // of the cost from step to step

    private final double[] slots = new double[MAX_DEAD_STEPS + 2]; // mean in flight, the last step first
    private final Fit[] fits = new Fit[PER_STEP * MAX_DEAD_STEPS + 1];
    private int selected;
    private double peak;
    private boolean steady;

    /** Fits {@code y = base + cost * n}; neither base nor cost is negative. */
    private static final class Fit {
        private double weight = RIDGE_PENALTY;
        private double n;
        private double y;
        private double nn;
        private double ny;
        private double yy;
        private double base;
        private double cost;

        void add(double slots, double cpu, double decay) {
            weight = decay * (weight - RIDGE_PENALTY) + 1 + RIDGE_PENALTY;
            double decayN = nn > 1e-100 ? decay : 1; // hours without slots leave the cost as it is
            n = decayN * n + slots;
            y = decay * y + cpu;
            nn = decayN * nn + slots * slots;
            ny = decayN * ny + slots * cpu;
            yy = decay * yy + cpu * cpu;
            double determinant = weight * nn - n * n;
            base = determinant > 0 ? Math.max(0, (y * nn - n * ny) / determinant) : 0;
            cost = nn > 0 ? (ny - n * base) / nn : 0;
            if (cost <= 0) { // CPU fell as slots rose: such data yield no base
                base = ny > 0 ? 0 : y / weight;
                cost = nn > 0 ? ny / nn : 0;
            }
        }

        void scale(double ratio) {
            y *= ratio;
            ny *= ratio;
            yy *= ratio * ratio;
            base *= ratio;
            cost *= ratio;
        }

        double rSquared() {
            return yy > 0 ? (base * y + cost * ny) / yy : 0;
        }
    }

    SlotCost() {
        for (int i = 0; i < fits.length; i++) {
            fits[i] = new Fit();
        }
    }

    /** Learns from a step: mean slots in flight, and own CPU. */
    void learn(double meanInFlight, double own) {
        System.arraycopy(slots, 0, slots, 1, MAX_DEAD_STEPS + 1);
        slots[0] = meanInFlight;
        double costBefore = perSlot();
        double withoutBaseBefore = perSlotWithoutBase();
        for (int i = 0; i < fits.length; i++) {
            fits[i].add(delayedSlots(i), own, 1 - 1 / (WINDOW * (1 + (double) i / PER_STEP)));
        }
        boolean climbing = slots[0] > 1.2 * slots[MAX_DEAD_STEPS] && own >= peak;
        peak = Math.max(own, PEAK_DECAY * peak);
        for (int i = 0; climbing && i < fits.length; i++) {
            if (fits[i].rSquared() > fits[selected].rSquared() + MIN_R_SQUARED_GAIN) {
                selected = i;
            }
        }
        steady = isSteady(costBefore, perSlot()) && isSteady(withoutBaseBefore, perSlotWithoutBase());
    }

    private static boolean isSteady(double before, double now) {
        return now <= MAX_STEADY_RATIO * before && before <= MAX_STEADY_RATIO * now;
    }

    /** Converts what is known when the same work uses another percentage. */
    void scale(double ratio) {
        for (Fit fit : fits) {
            fit.scale(ratio);
        }
        peak *= ratio;
    }

    /** The dead time in steps. */
    double deadTime() {
        return (double) selected / PER_STEP;
    }

    /** The dead time in steps, rounded up. */
    int deadSteps() {
        return (int) Math.ceil(deadTime());
    }

    /** Own CPU per slot. */
    double perSlot() {
        return fits[selected].cost;
    }

    /** Own CPU per slot if all of it is attributed to slots. */
    double perSlotWithoutBase() {
        return fits[selected].nn > 0 ? fits[selected].ny / fits[selected].nn : 0;
    }

    /** Whether the last step hardly changed the cost, so that it can be relied on. */
    boolean isSteady() {
        return steady;
    }

    /** Slots in flight one dead time ago: those that use CPU now. */
    double delayedSlots() {
        return delayedSlots(selected);
    }

    private double delayedSlots(int quarters) {
        double part = (double) (quarters % PER_STEP) / PER_STEP;
        int steps = quarters / PER_STEP;
        return (1 - part) * slots[steps] + part * slots[steps + 1];
    }
}
