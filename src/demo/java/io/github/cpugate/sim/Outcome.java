package io.github.cpugate.sim;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What became of a run. It is "loaded" while callers wait, or while sessions arrive one by one; "steady", while loaded
 * from ten steps after the first cost on.
 *
 * @param slots in flight on average, while steady
 * @param seconds from the beginning to the end of the last session
 * @param overBound that, over the least time in which the work can be done at the target beside the background
 * @param meanCpu while steady, percent
 * @param swing standard deviation of CPU from step to step, while steady, points
 * @param inBand share of the steps with CPU at the target ± 8 points, while steady, percent
 * @param over share of the steps with CPU above the target + 10 points, while loaded, percent
 * @param arrival steps from the first cost until three in a row are near the oracle's; {@code NEVER} if none are
 * @param p95Stretch 95th percentile over the sessions of the time taken over the time that one alone takes
 * @param jain Jain's index of fairness of the slots held on average, while the gates all have callers in line
 */
record Outcome(
        double slots,
        double seconds,
        double overBound,
        double meanCpu,
        double swing,
        double inBand,
        double over,
        double arrival,
        double p95Stretch,
        double jain) {

    static final int NEVER = 999;

    /** The means over runs that differ by the seed. */
    static Outcome mean(List<Outcome> runs) {
        return new Outcome(
                mean(runs, Outcome::slots),
                mean(runs, Outcome::seconds),
                mean(runs, Outcome::overBound),
                mean(runs, Outcome::meanCpu),
                mean(runs, Outcome::swing),
                mean(runs, Outcome::inBand),
                mean(runs, Outcome::over),
                mean(runs, Outcome::arrival),
                mean(runs, Outcome::p95Stretch),
                mean(runs, Outcome::jain));
    }

    private static double mean(List<Outcome> runs, ToDoubleFunction<Outcome> of) {
        return runs.stream().mapToDouble(of).sum() / runs.size();
    }
}
