package io.github.cpugate.sim;

import java.util.Arrays;

/** R. Jain, D.-M. Chiu and W. Hawe, "A Quantitative Measure of Fairness", 1984. */
public final class Jain {

    private Jain() {}

    /**
     * Returns Jain's index of fairness.
     *
     * @param shares what each got
     * @return from {@code 1 / shares.length} (one got all) to 1 (all got the same); {@code NaN} if none got anything
     */
    public static double index(double... shares) {
        double sum = Arrays.stream(shares).sum();
        double squares = Arrays.stream(shares).map(share -> share * share).sum();
        return squares == 0 ? Double.NaN : sum * sum / shares.length / squares;
    }
}
