package io.github.cpugate.sim;

import io.github.cpugate.policy.StepPolicy;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/** Compares policies on {@linkplain RandomPlant random plants} with the oracle, the best constant. */
public final class RandomPlants {

    /** A plant that keeps the oracle over for so long cannot be worked as much without overloading it as much. */
    private static final double OVERLOADED_ANYWAY = 25; // percent of the steps

    private final List<Run> runs;

    private RandomPlants(List<Run> runs) {
        this.runs = runs;
    }

    /** A policy and the oracle on one plant. */
    record Run(RandomPlant plant, RandomLoop.Result policy, RandomLoop.Result oracle) {

        double moreTimeOver() {
            return policy.over() - oracle.over();
        }

        double work() {
            return policy.work() / oracle.work();
        }

        boolean isSlow() {
            return work() < 0.93 && oracle.over() <= OVERLOADED_ANYWAY;
        }

        boolean breaksABound() {
            return moreTimeOver() > 8 || isSlow();
        }

        boolean isHot() {
            return policy.mean() > Math.max(72, oracle.mean() + 2);
        }
    }

    /** The oracle on the plants from one seed to another, both included. */
    static List<RandomLoop.Result> oracles(long from, long to) {
        return LongStream.rangeClosed(from, to)
                .parallel()
                .mapToObj(seed -> RandomLoop.oracle(new RandomPlant(seed)))
                .toList();
    }

    /** Runs a policy on as many plants as there are results of the oracle, from a seed on. */
    static RandomPlants of(Supplier<StepPolicy> policy, boolean ownKnown, long from, List<RandomLoop.Result> oracles) {
        return new RandomPlants(LongStream.range(0, oracles.size())
                .parallel()
                .mapToObj(i -> {
                    RandomPlant plant = new RandomPlant(from + i);
                    return new Run(plant, RandomLoop.run(plant, policy.get(), ownKnown), oracles.get((int) i));
                })
                .toList());
    }

    int count(Predicate<Run> of) {
        return (int) runs.stream().filter(of).count();
    }

    private RandomPlants only(Predicate<Run> of) {
        return new RandomPlants(runs.stream().filter(of).toList());
    }

    double mean(ToDoubleFunction<Run> of) {
        return runs.stream().mapToDouble(of).average().orElseThrow();
    }

    /** The value below which that share of the runs lies. */
    double quantile(double share, ToDoubleFunction<Run> of) {
        double[] sorted = runs.stream().mapToDouble(of).sorted().toArray();
        return sorted[(int) (share * sorted.length)];
    }

    /** The plants whose bounds are broken, the hottest first, a line each. */
    String broken() {
        StringBuilder lines = new StringBuilder();
        runs.stream()
                .filter(run -> run.breaksABound() || run.isHot())
                .sorted((a, b) -> Double.compare(b.moreTimeOver(), a.moreTimeOver()))
                .forEach(run -> lines.append(String.format(
                        Locale.ROOT,
                        "over %.0f %% (%.0f %%), mean %.0f %% (%.0f %%), work %.2f: %s%n",
                        run.policy.over(),
                        run.oracle.over(),
                        run.policy.mean(),
                        run.oracle.mean(),
                        run.work(),
                        run.plant)));
        return lines.toString();
    }

    private String row(String name) {
        return String.format(
                Locale.ROOT,
                "| %s | %d | %d | %d | %d | %.1f %% | %.1f %% | %.1f | %.2f / %.2f |%n",
                name,
                count(Run::breaksABound),
                count(run -> run.moreTimeOver() > 25),
                count(run -> run.moreTimeOver() > 15),
                count(Run::isHot),
                mean(run -> run.policy.inBand()),
                mean(run -> run.policy.over()),
                mean(run -> run.policy.swing()),
                quantile(0.5, Run::work),
                quantile(0.05, Run::work));
    }

    /**
     * Prints a table, and the plants on which {@code headroom()} breaks a bound. 300 plants take a minute or two.
     *
     * @param args the first and the last seed; 1 and 300 by default
     */
    public static void main(String[] args) {
        long from = args.length == 2 ? Long.parseLong(args[0]) : 1;
        long to = args.length == 2 ? Long.parseLong(args[1]) : 300;
        List<RandomLoop.Result> oracles = oracles(from, to);
        RandomPlants headroom = of(StepPolicy::headroom, true, from, oracles);
        System.out.println(table(from, oracles, headroom));
        System.out.println(headroom.broken());
        System.out.printf(
                Locale.ROOT,
                "Work at the 5th percentile of the plants on which the oracle is not over for a quarter of the time: %.3f%n",
                headroom.only(run -> run.oracle.over() <= OVERLOADED_ANYWAY).quantile(0.05, Run::work));
    }

    static String table(long from, List<RandomLoop.Result> oracles, RandomPlants headroom) {
        return "| | break a bound | over + 25 | over + 15 | too hot | in band | over | swing | work, median / 5th |\n"
                + "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
                + headroom.row("`headroom()`")
                + of(StepPolicy::headroom, false, from, oracles).row("`headroom()`, own CPU never known")
                + of(StepPolicy::oneSlot, true, from, oracles).row("`oneSlot()`")
                + String.format(
                        Locale.ROOT,
                        "| oracle | | | | | %.1f %% | %.1f %% | %.1f | |%n",
                        mean(oracles, RandomLoop.Result::inBand),
                        mean(oracles, RandomLoop.Result::over),
                        mean(oracles, RandomLoop.Result::swing));
    }

    private static double mean(List<RandomLoop.Result> results, ToDoubleFunction<RandomLoop.Result> of) {
        return results.stream().mapToDouble(of).average().orElseThrow();
    }
}
