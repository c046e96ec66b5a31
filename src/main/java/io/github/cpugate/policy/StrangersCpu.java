package io.github.cpugate.policy;

/**
 * Finds how the CPU of strangers moves: the part of the others' CPU that does not come and go with own CPU. The part
 * that does may be that of child processes which work for the sessions.
 *
 * <p>The slope of the others' CPU over own CPU is the covariance over the variance, with exponential forgetting. What
 * the slope does not explain is the strangers'.
 */
final class StrangersCpu {

    private static final double LEARN = 0.05; // weight of a step in the slope: 20 steps
    private static final double SMOOTH = 0.25; // weight of a step in the strangers' CPU
    private static final double MAX_SHARE = 1.2; // the slope, at most, over the ratio of the means

    private double meanOwn;
    private double meanOthers;
    private double varOwn = 1;
    private double covariance;
    private double strangers = Double.NaN;

    /** Forgets the levels, since the units have changed. */
    void forget() {
        strangers = Double.NaN;
    }

    /** Returns by how many points strangers' CPU has moved. */
    double move(double others, double own) {
        if (Double.isNaN(strangers)) {
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
        slope = Math.max(0, Math.min(slope, MAX_SHARE * meanOthers / Math.max(1, meanOwn)));
        double move = SMOOTH * (others - slope * (own - meanOwn) - strangers);
        strangers += move;
        return move;
    }

    /** Counts a move of the others' CPU as known, so that {@link #move} does not report it. */
    void shift(double points) {
        meanOthers += points;
        strangers += points;
    }
}
