package io.github.cpugate;

/**
 * What a slot costs, learned from what CPU did while slots came and went.
 *
 * <p>The model is a line, <i>CPU = background + cost × slots</i>, where the slots are those of some time ago, the dead
 * time: a session that still waits for its first token costs nothing yet. It is learned in two parts, since a process
 * knows its own CPU almost without noise, and of the others' only what is left of a noisy reading:
 *
 * <ul>
 *   <li><i>own = base + cost × slots</i>: by least squares over the recent past, once for each dead time from 0 to 6
 *       steps. While slots climb, and own CPU with them, the dead time that explains own CPU best is believed; at rest
 *       all of them explain it alike, and if CPU falls, none does: work has become cheaper. The longer the dead time,
 *       the longer the past: sessions that began together start and stop to cost together too, in waves of which only
 *       the mean is to count. The base is other work of the process. At rest it cannot be told from cost, and all is
 *       put down to slots; so a base has its price in the fit (ridge regression), which readings before the first cost,
 *       or in a climb, soon pay.
 *   <li><i>others = background + slope × (own - base)</i>: the others may be strangers, or child processes that work
 *       for our slots, and the latter work when we do. A Kalman filter with a wandering background tells them apart.
 *       What is there before any session costs is background; where nothing was, half of the others is held for ours at
 *       first. It knows better as soon as slots have moved. Without own CPU, all of CPU is "others", and the slots
 *       stand in for own CPU.
 * </ul>
 *
 * <p>Sources: L. Ljung, "System Identification", 2nd ed., ch. 11, for least squares that forget; A. E. Hoerl and R. W.
 * Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", 1970; R. E. Kalman, "A New Approach to
 * Linear Filtering and Prediction Problems", 1960. CPU is in percent of the scope throughout. Not thread-safe.
 */
final class SlotCost {

    /** The longest dead time considered, steps. */
    private static final int LONGEST = 6;

    /** Dead times are considered by quarters of a step. */
    private static final int QUARTERS = 4;

    /** Steps that count if there is no dead time; as many more for each step of it. */
    private static final double MEMORY = 10;

    /** A dead time has to explain so much more than the one believed. Little: a base explains most of own CPU alone. */
    private static final double BETTER = 0.001;

    /** The price of a base: that of being wrong by all of it, in so many of the steps that count. */
    private static final double PRICE = 0.1;

    /** Standard deviation of a reading, points; that of own CPU is a tenth of it, at most. */
    private static final double NOISE = 2;

    /** How far the background wanders in a step: a variance, points squared. */
    private static final double WANDER = 0.3;

    /**
     * How far our part of the others wanders in a step, as a share of what it could be: work moves to child processes.
     */
    private static final double DOUBT = 0.01;

    /** Share of a high of own CPU that counts as one a step later: it is a high of the last hundred steps or so. */
    private static final double FADE = 0.99;

    /** What a JVM uses without any session, cores. */
    private static final double HOUSEKEEPING = 0.05;

    /** From here on, percent, a host is taken to be saturated: sessions ask for more than they get. */
    private static final double SATURATED = 90;

    private final double[] slots = new double[LONGEST + 1]; // in flight on average, the last step first
    private final Fit[] fits = new Fit[QUARTERS * LONGEST + 1]; // one for each dead time
    private int dead; // quarters of a step
    private double ownHigh;
    private boolean ownKnown;

    // others = background + slope * x, with variances and covariance of the two; see learnOthers
    private boolean begun;
    private double background;
    private double slope;
    private double varBackground;
    private double varSlope;
    private double covariance;

    /** Least squares of {@code y = base + cost * n} over the recent past, of which neither is less than nothing. */
    private static final class Fit {

        /** So little is left of {@code nn} after hours without a slot. To forget on would leave rounding errors. */
        private static final double IDLE = 1e-100;

        private double weight = PRICE; // of the steps that count, and of the base's price
        private double sumN;
        private double sumY;
        private double nn;
        private double ny;
        private double yy;
        private double base;
        private double cost;

        void add(double n, double y, double keep) {
            double kept = nn > IDLE ? keep : 1;
            weight = keep * (weight - PRICE) + 1 + PRICE;
            sumN = kept * sumN + n;
            sumY = keep * sumY + y;
            nn = kept * nn + n * n;
            ny = kept * ny + n * y;
            yy = keep * yy + y * y;
            double spread = weight * nn - sumN * sumN;
            base = spread > 0 ? Math.max(0, (sumY * nn - sumN * ny) / spread) : 0;
            cost = nn > 0 ? (ny - sumN * base) / nn : 0;
            if (cost <= 0) { // more slots, less CPU: of such a past no base can be learned
                base = ny > 0 ? 0 : sumY / weight;
                cost = nn > 0 ? ny / nn : 0;
            }
        }

        /** The share of {@code y} that is explained, 0 to 1. */
        double explained() {
            return nn > IDLE && yy > 0 ? (base * sumY + cost * ny) / yy : 0;
        }
    }

    SlotCost() {
        for (int i = 0; i < fits.length; i++) {
            fits[i] = new Fit();
        }
    }

    /** Learns from a step: slots in flight on average, CPU, and the JVM's own, which may be {@code NaN}. */
    void learn(double meanInFlight, double cpu, double own) {
        System.arraycopy(slots, 0, slots, 1, LONGEST);
        slots[0] = meanInFlight;
        ownKnown = !Double.isNaN(own);
        learnOwn(ownKnown ? own : cpu, cpu);
        learnOthers(ownKnown ? cpu - own : cpu, ownKnown ? Math.max(0, own - fits[dead].base) : costingSlots());
    }

    private void learnOwn(double own, double cpu) {
        for (int i = 0; i < fits.length; i++) {
            double costing = costingSlots(i);
            boolean tells = cpu < SATURATED || own > fits[i].base + fits[i].cost * costing;
            if (tells) {
                fits[i].add(costing, own, 1 - 1 / (MEMORY * (1 + (double) i / QUARTERS)));
            }
        }
        boolean climbing = slots[0] > 1.2 * slots[LONGEST] && own >= ownHigh;
        ownHigh = Math.max(own, FADE * ownHigh);
        if (climbing && cpu < SATURATED) {
            int before = dead;
            for (int i = 0; i < fits.length; i++) {
                if (fits[i].explained() > fits[dead].explained() + BETTER) {
                    dead = i;
                }
            }
            if (dead != before && !ownKnown) {
                begun = false; // the others were held against the wrong slots
                varBackground = 0;
            }
        }
    }

    /** By what comes and goes with the sessions, {@code x}: their own CPU, or the slots if that is unknown. */
    private void learnOthers(double others, double x) {
        if (!begun) {
            begin(others, x);
            return;
        }
        varBackground += WANDER;
        varSlope += x > 0 && costingSlots() > 0 ? Math.pow(DOUBT * others / x, 2) : 0;
        double surprise = others - (background + slope * x);
        if (surprise * surprise > 9 * variance(x)) {
            varBackground += surprise * surprise; // three standard deviations: somebody came or went
        }
        double variance = variance(x);
        double toBackground = (varBackground + x * covariance) / variance;
        double toSlope = (covariance + x * varSlope) / variance;
        background += toBackground * surprise;
        slope += toSlope * surprise;
        // What is left of the variances, by formulas that cannot take them below nothing, whatever is rounded.
        double determinant = Math.max(0, varBackground * varSlope - covariance * covariance);
        varBackground = (varBackground * NOISE * NOISE + x * x * determinant) / variance;
        covariance = (covariance * NOISE * NOISE - x * determinant) / variance;
        varSlope = (varSlope * NOISE * NOISE + determinant) / variance;
        // Not less than nothing, nor more than all that noise cannot explain. The two are known together only: where
        // one is held back, the other makes up for it.
        double possible = Math.max(0, Math.min(slope, x > 0 ? Math.max(0, others - NOISE) / x : slope));
        background += covariance / varSlope * (possible - slope);
        slope = possible;
    }

    private void begin(double others, double x) {
        if (Math.min(x, costingSlots()) <= 0) {
            background = varBackground > 0 ? (3 * background + others) / 4 : others;
            varBackground = NOISE * NOISE;
            return;
        }
        begun = true;
        if (varBackground == 0) { // the first reading of all has sessions in it
            background = others / 2;
            varBackground = background * background + NOISE * NOISE;
        }
        slope = Math.max(0, others - background) / x;
        varSlope = (varBackground + NOISE * NOISE) / (x * x);
        covariance = -varBackground / x;
    }

    /** Of a reading of the others, as it is expected. */
    private double variance(double x) {
        return varBackground + 2 * x * covariance + x * x * varSlope + NOISE * NOISE;
    }

    /** Whether the last step told own CPU. It is to do so always, or never. */
    boolean knowsOwn() {
        return ownKnown;
    }

    /** Whole steps from the taking of a slot until it costs. */
    int deadSteps() {
        return (dead + QUARTERS - 1) / QUARTERS;
    }

    /** Whether a slot costs so long after it was taken that sessions make waves. */
    boolean isLate() {
        return dead >= QUARTERS / 2;
    }

    private double costingSlots() {
        return costingSlots(dead);
    }

    /** In flight so long ago. Between two steps, that many of the later one's cost for that part of the last one. */
    private double costingSlots(int quarters) {
        double part = (double) (quarters % QUARTERS) / QUARTERS;
        int steps = quarters / QUARTERS;
        return part == 0 ? slots[steps] : (1 - part) * slots[steps] + part * slots[steps + 1];
    }

    /** What a slot costs at least: the JVM's own part. */
    double atLeast() {
        return ownKnown ? fits[dead].cost : 0;
    }

    /** What a slot costs if all of own CPU is put down to slots. */
    double ownPerSlot() {
        Fit fit = fits[dead];
        return ownKnown && fit.nn > 0 ? fit.ny / fit.nn : 0;
    }

    /** What a slot costs. */
    double perSlot() {
        return ownKnown ? atLeast() * (1 + slope) : slope;
    }

    /**
     * What a slot may cost, for all that noise could hide; of own CPU, no more than housekeeping could.
     *
     * @param cores processors' CPU that 100 % is, or {@code NaN}
     */
    double atMost(double cores) {
        double hidden = ownKnown ? Math.min(NOISE / 10, housekeeping(cores)) : 2 * NOISE;
        return perSlot() + hidden / Math.max(1, costingSlots());
    }

    /** What CPU will come to under this limit, once all of its slots cost. */
    double predicted(int limit) {
        return Math.max(0, background) + (ownKnown ? fits[dead].base : 0) + perSlot() * limit;
    }

    /**
     * Whether what the slots cost stands out of what is no session's: a JVM's housekeeping, or the noise.
     *
     * @param cores processors' CPU that 100 % is, or {@code NaN}
     */
    boolean isSeen(double cores) {
        if (!ownKnown) {
            return costingSlots() * slope > 3 * NOISE;
        }
        return costingSlots() * atLeast() > housekeeping(cores) || slope > 3 * Math.sqrt(varSlope);
    }

    private static double housekeeping(double cores) {
        return Double.isNaN(cores) ? NOISE / 2 : 100 * HOUSEKEEPING / cores;
    }
}
