package io.github.cpugate.policy;

/**
 * Estimates the CPU cost per slot from how CPU changes while slots come and go.
 *
 * <p>The model is linear with a dead time, <i>CPU = background + cost × slots</i>, where the slots are those in flight
 * one dead time ago: a session that still waits for its first token uses no CPU yet. It is estimated in two parts, own
 * CPU and the others', since a process measures its own CPU almost without noise, and the CPU of the others only as the
 * rest of a noisy reading.
 *
 * <ul>
 *   <li><b>Own CPU:</b> <i>own = base + cost × slots</i>, by least squares with exponential forgetting, one fit for
 *       each dead time from 0 to 6 steps.
 *   <li><b>The dead time:</b> while slots climb, and own CPU with them, the dead time whose fit explains own CPU best
 *       is selected. Otherwise the selection stays: at rest all fits are equally good, and if CPU falls as slots climb,
 *       work has become cheaper, which no fit explains.
 *   <li><b>The window</b> is longer for a longer dead time. Sessions that began together also start and stop using CPU
 *       together, in waves, so a fit must average over a whole wave.
 *   <li><b>The base</b> is other work of the process. At rest it cannot be distinguished from cost; a ridge penalty on
 *       the base then attributes all own CPU to slots. Readings before any session uses CPU, or during a climb, soon
 *       outweigh the penalty.
 *   <li><b>The others' CPU:</b> <i>others = background + slope × (own - base)</i>. The others may be unrelated
 *       processes, or child processes that work for the sessions; the latter work when the sessions do. A Kalman
 *       filter, with the background as a random walk, separates them. What the others use before any session uses CPU
 *       is background; if there was no such reading, half of their CPU is attributed to the slots at first. That is
 *       corrected as soon as slots have moved.
 *   <li><b>If own CPU is unknown,</b> all CPU counts as the others': <i>CPU = background + slope × slots</i>, by the
 *       same filter.
 * </ul>
 *
 * <p>Sources: L. Ljung, "System Identification", 2nd ed., ch. 11, for least squares with forgetting; A. E. Hoerl and R.
 * W. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", 1970; R. E. Kalman, "A New Approach to
 * Linear Filtering and Prediction Problems", 1960. All CPU is in percent of the scope. Not thread-safe.
 */
final class SlotCost {

    private static final int MAX_DEAD_STEPS = 6;

    /** The resolution of the dead time. */
    private static final int QUARTERS_PER_STEP = 4;

    /** The effective sample size of a fit without a dead time, in steps; each step of dead time adds the same again. */
    private static final double WINDOW = 10;

    /**
     * How much larger a fit's R² must be than the selected one's. Small, since this R² is taken without subtracting the
     * mean: a base alone scores high.
     */
    private static final double MIN_R_SQUARED_GAIN = 0.001;

    /** A fit minimizes the sum of the squared residuals plus this × base² (ridge regression). */
    private static final double RIDGE_PENALTY = 0.1;

    /** The standard deviation of a reading's error, percentage points; that of own CPU is at most a tenth of it. */
    private static final double MEASUREMENT_STD = 2;

    /** The process variance of the background in a step, points squared. */
    private static final double BACKGROUND_PROCESS_VARIANCE = 0.3;

    /** The process noise of the slope in a step, as a share of its maximum: work may move to child processes. */
    private static final double SLOPE_PROCESS_STD = 0.01;

    /** The decay of the peak of own CPU in a step: the peak is that of the last hundred steps or so. */
    private static final double PEAK_DECAY = 0.99;

    /** The CPU of a JVM without sessions, in cores. */
    private static final double IDLE_JVM_CORES = 0.05;

    /** From this percentage on, a host counts as saturated: sessions ask for more than they get. */
    private static final double SATURATION = 90;

    private final double[] slots = new double[MAX_DEAD_STEPS + 1]; // mean in flight, the last step first
    private final LeastSquares[] fits = new LeastSquares[QUARTERS_PER_STEP * MAX_DEAD_STEPS + 1]; // by dead time
    private int deadQuarters; // the selected dead time
    private double ownPeak;
    private boolean ownKnown;

    // others = background + slope * x, with the covariance matrix of the two; see learnOthers
    private boolean initialized;
    private double background;
    private double slope;
    private double varBackground;
    private double varSlope;
    private double covariance;

    /** Fits {@code y = base + cost * n}; neither base nor cost is negative. */
    private static final class LeastSquares {

        /** Below this, after hours without slots, the sums over n no longer decay: rounding errors would prevail. */
        private static final double MIN_SUM_NN = 1e-100;

        private double weight = RIDGE_PENALTY; // the effective sample size, and the penalty
        private double sumN;
        private double sumY;
        private double sumNN;
        private double sumNY;
        private double sumYY;
        private double base;
        private double cost;

        void add(double n, double y, double decay) {
            double decayN = sumNN > MIN_SUM_NN ? decay : 1;
            weight = decay * (weight - RIDGE_PENALTY) + 1 + RIDGE_PENALTY;
            sumN = decayN * sumN + n;
            sumY = decay * sumY + y;
            sumNN = decayN * sumNN + n * n;
            sumNY = decayN * sumNY + n * y;
            sumYY = decay * sumYY + y * y;
            double determinant = weight * sumNN - sumN * sumN;
            base = determinant > 0 ? Math.max(0, (sumY * sumNN - sumN * sumNY) / determinant) : 0;
            cost = sumNN > 0 ? (sumNY - sumN * base) / sumNN : 0;
            if (cost <= 0) { // CPU fell as slots rose: such data yield no base
                base = sumNY > 0 ? 0 : sumY / weight;
                cost = sumNN > 0 ? sumNY / sumNN : 0;
            }
        }

        /** The share of {@code y} that the fit explains, 0 to 1. */
        double rSquared() {
            return sumNN > MIN_SUM_NN && sumYY > 0 ? (base * sumY + cost * sumNY) / sumYY : 0;
        }
    }

    SlotCost() {
        for (int i = 0; i < fits.length; i++) {
            fits[i] = new LeastSquares();
        }
    }

    /** Learns from a step: mean slots in flight, CPU, and own CPU, which is {@code NaN} at every step or at none. */
    void learn(double meanInFlight, double cpu, double own) {
        System.arraycopy(slots, 0, slots, 1, MAX_DEAD_STEPS);
        slots[0] = meanInFlight;
        ownKnown = !Double.isNaN(own);
        learnOwn(ownKnown ? own : cpu, cpu);
        learnOthers(ownKnown ? cpu - own : cpu, ownKnown ? Math.max(0, own - fits[deadQuarters].base) : delayedSlots());
    }

    private void learnOwn(double own, double cpu) {
        for (int i = 0; i < fits.length; i++) {
            double delayed = delayedSlots(i);
            boolean informative = cpu < SATURATION || own > fits[i].base + fits[i].cost * delayed;
            if (informative) {
                fits[i].add(delayed, own, 1 - 1 / (WINDOW * (1 + (double) i / QUARTERS_PER_STEP)));
            }
        }
        boolean climbing = slots[0] > 1.2 * slots[MAX_DEAD_STEPS] && own >= ownPeak;
        ownPeak = Math.max(own, PEAK_DECAY * ownPeak);
        if (climbing && cpu < SATURATION) {
            int before = deadQuarters;
            for (int i = 0; i < fits.length; i++) {
                if (fits[i].rSquared() > fits[deadQuarters].rSquared() + MIN_R_SQUARED_GAIN) {
                    deadQuarters = i;
                }
            }
            if (deadQuarters != before && !ownKnown) {
                initialized = false; // the filter compared the others with the wrong slots
                varBackground = 0;
            }
        }
    }

    /** Updates the Kalman filter; {@code x} is the sessions' own CPU, or the delayed slots if that is unknown. */
    private void learnOthers(double others, double x) {
        if (!initialized) {
            initialize(others, x);
            return;
        }
        varBackground += BACKGROUND_PROCESS_VARIANCE;
        varSlope += x > 0 && delayedSlots() > 0 ? Math.pow(SLOPE_PROCESS_STD * others / x, 2) : 0;
        double innovation = others - (background + slope * x);
        if (innovation * innovation > 9 * innovationVariance(x)) {
            varBackground += innovation * innovation; // three standard deviations: a process came or went
        }
        double variance = innovationVariance(x);
        double backgroundGain = (varBackground + x * covariance) / variance;
        double slopeGain = (covariance + x * varSlope) / variance;
        background += backgroundGain * innovation;
        slope += slopeGain * innovation;
        // The posterior covariance matrix, by formulas that keep variances non-negative whatever the rounding.
        double determinant = Math.max(0, varBackground * varSlope - covariance * covariance);
        varBackground = (varBackground * MEASUREMENT_STD * MEASUREMENT_STD + x * x * determinant) / variance;
        covariance = (covariance * MEASUREMENT_STD * MEASUREMENT_STD - x * determinant) / variance;
        varSlope = (varSlope * MEASUREMENT_STD * MEASUREMENT_STD + determinant) / variance;
        // The slope is not negative, and slope * x is at most that part of the others which noise cannot explain. The
        // errors of the two estimates are correlated, so the background makes up for what clamping takes off the slope.
        double clamped = Math.max(0, Math.min(slope, x > 0 ? Math.max(0, others - MEASUREMENT_STD) / x : slope));
        background += covariance / varSlope * (clamped - slope);
        slope = clamped;
    }

    private void initialize(double others, double x) {
        if (Math.min(x, delayedSlots()) <= 0) {
            background = varBackground > 0 ? (3 * background + others) / 4 : others;
            varBackground = MEASUREMENT_STD * MEASUREMENT_STD;
            return;
        }
        initialized = true;
        if (varBackground == 0) { // the very first reading has sessions in it
            background = others / 2;
            varBackground = background * background + MEASUREMENT_STD * MEASUREMENT_STD;
        }
        slope = Math.max(0, others - background) / x;
        varSlope = (varBackground + MEASUREMENT_STD * MEASUREMENT_STD) / (x * x);
        covariance = -varBackground / x;
    }

    private double innovationVariance(double x) {
        return varBackground + 2 * x * covariance + x * x * varSlope + MEASUREMENT_STD * MEASUREMENT_STD;
    }

    boolean isOwnKnown() {
        return ownKnown;
    }

    /** The dead time in steps, rounded up. */
    int deadSteps() {
        return (deadQuarters + QUARTERS_PER_STEP - 1) / QUARTERS_PER_STEP;
    }

    /** Whether the dead time is long enough, half a step, for sessions to make waves. */
    boolean hasDeadTime() {
        return deadQuarters >= QUARTERS_PER_STEP / 2;
    }

    private double delayedSlots() {
        return delayedSlots(deadQuarters);
    }

    /** Slots in flight that number of quarter steps ago, interpolated between steps. */
    private double delayedSlots(int quarters) {
        double part = (double) (quarters % QUARTERS_PER_STEP) / QUARTERS_PER_STEP;
        int steps = quarters / QUARTERS_PER_STEP;
        return part == 0 ? slots[steps] : (1 - part) * slots[steps] + part * slots[steps + 1];
    }

    /** The JVM's own part of the cost per slot, which is the least that a slot costs; 0 if own CPU is unknown. */
    double ownPerSlot() {
        return ownKnown ? fits[deadQuarters].cost : 0;
    }

    /** Own CPU per slot if all of it is attributed to slots, by regression through the origin. */
    double ownPerSlotWithoutBase() {
        LeastSquares fit = fits[deadQuarters];
        return ownKnown && fit.sumNN > 0 ? fit.sumNY / fit.sumNN : 0;
    }

    double perSlot() {
        return ownKnown ? ownPerSlot() * (1 + slope) : slope;
    }

    /**
     * The cost per slot plus its share of the CPU that noise may hide. If own CPU is known, the hidden CPU is at most
     * what an idle JVM uses.
     *
     * @param cores number of processors whose CPU is 100 %, or {@code NaN}
     */
    double maxPerSlot(double cores) {
        double hidden = ownKnown ? Math.min(MEASUREMENT_STD / 10, idleJvm(cores)) : 2 * MEASUREMENT_STD;
        return perSlot() + hidden / Math.max(1, delayedSlots());
    }

    /** CPU under this limit, once all of its slots use CPU. */
    double predicted(int limit) {
        return Math.max(0, background) + (ownKnown ? fits[deadQuarters].base : 0) + perSlot() * limit;
    }

    /**
     * Whether the cost of the slots exceeds an idle JVM's CPU or stands out from the noise.
     *
     * @param cores number of processors whose CPU is 100 %, or {@code NaN}
     */
    boolean isSignificant(double cores) {
        if (!ownKnown) {
            return delayedSlots() * slope > 3 * MEASUREMENT_STD;
        }
        return delayedSlots() * ownPerSlot() > idleJvm(cores) || slope > 3 * Math.sqrt(varSlope);
    }

    private static double idleJvm(double cores) {
        return Double.isNaN(cores) ? MEASUREMENT_STD / 2 : 100 * IDLE_JVM_CORES / cores;
    }
}
