package io.github.cpugate.sim;

import io.github.cpugate.sim.ServiceRun.Manners;
import io.github.cpugate.sim.ServiceRun.Step;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A service's limit falls and comes back while a batch runs: it takes all until the CPU limit has arrived, then so many
 * at once, then fewer for some time, then as many as before.
 *
 * @param high requests at once
 * @param low requests at once, in between
 * @param steps for which that lasts
 * @param length of a session alone, seconds
 */
record Dip(int high, int low, int steps, double length) {

    static final List<Dip> SHOWN = List.of(
            new Dip(12, 4, 40, 10),
            new Dip(12, 4, 40, 1),
            new Dip(12, 4, 40, 3),
            new Dip(12, 4, 40, 30),
            new Dip(12, 4, 10, 10),
            new Dip(12, 4, 100, 10),
            new Dip(12, 8, 40, 10),
            new Dip(12, 0, 40, 10));

    static final int SEEDS = 5;

    static final int LIMITED_FROM = 30; // steps; until then the CPU limit arrives
    static final int FALLS_AT = 60;
    private static final int AFTER = 120; // steps that callers are left for
    private static final double PERIOD = 2;
    private static final int IN_A_ROW = 3;
    private static final int NEVER = 999;

    /**
     * What became of a run.
     *
     * @param down steps from the fall until three in a row allow as many as fit, or one more or fewer
     * @param up the same from the return on
     * @param refused share of all requests, percent
     * @param settled share of those sent from there on until the limit moves, percent
     * @param median refusals of a session
     * @param most refusals of a session
     * @param seconds of the batch
     */
    record Found(double down, double up, double refused, double settled, int median, int most, double seconds) {

        static Found mean(List<Found> runs) {
            return new Found(
                    runs.stream().mapToDouble(Found::down).average().orElseThrow(),
                    runs.stream().mapToDouble(Found::up).average().orElseThrow(),
                    runs.stream().mapToDouble(Found::refused).average().orElseThrow(),
                    runs.stream().mapToDouble(Found::settled).average().orElseThrow(),
                    runs.stream().mapToInt(Found::median).max().orElseThrow(),
                    runs.stream().mapToInt(Found::most).max().orElseThrow(),
                    runs.stream().mapToDouble(Found::seconds).average().orElseThrow());
        }
    }

    /** A host on which the CPU limit rests at 16 to 20. */
    private Scenario scenario() {
        double sessionSeconds = PERIOD * (15 * LIMITED_FROM + high * (FALLS_AT - LIMITED_FROM + AFTER) + low * steps);
        Scenario scenario = new Scenario("falls from " + high + " to " + low);
        return scenario.host(4, 32).sessions((int) (sessionSeconds / length), 0.145, length);
    }

    int returnsAt() {
        return FALLS_AT + steps;
    }

    private double atOnce(double second) {
        double step = second / PERIOD;
        if (step < LIMITED_FROM) {
            return Double.POSITIVE_INFINITY;
        }
        return step < FALLS_AT || step >= returnsAt() ? high : low;
    }

    ServiceRun run(Rules rule, Manners manners, long seed) {
        return new ServiceRun(scenario(), new Service(this::atOnce, PERIOD), rule, manners, seed);
    }

    ServiceRun withoutLimit(Rules rule, long seed) {
        return new ServiceRun(scenario(), Service.WITHOUT_LIMIT, rule, Manners.TELLS, seed);
    }

    Found mean(Rules rule, Manners manners) {
        return Found.mean(IntStream.rangeClosed(1, SEEDS)
                .mapToObj(seed -> found(run(rule, manners, seed)))
                .toList());
    }

    double secondsWithoutLimit(Rules rule) {
        return IntStream.rangeClosed(1, SEEDS)
                .mapToDouble(seed -> withoutLimit(rule, seed).seconds())
                .average()
                .orElseThrow();
    }

    Found found(ServiceRun run) {
        List<Step> all = run.steps.stream().filter(step -> step.waiting() > 0).toList();
        int found = arrival(all, LIMITED_FROM, FALLS_AT);
        int down = arrival(all, FALLS_AT, returnsAt());
        int up = arrival(all, returnsAt(), all.size());
        List<Step> settled = IntStream.range(0, all.size())
                .filter(i -> (i >= LIMITED_FROM + found && i < FALLS_AT)
                        || (i >= FALLS_AT + down && i < returnsAt())
                        || i >= returnsAt() + up)
                .mapToObj(all::get)
                .toList();
        int[] refusals = run.refusals();
        return new Found(
                down,
                up,
                share(all),
                share(settled),
                refusals[refusals.length / 2],
                refusals[refusals.length - 1],
                run.seconds());
    }

    private int arrival(List<Step> steps, int from, int to) {
        int floor = scenario().minSlots;
        int near = 0;
        for (int i = from; i < to; i++) {
            Step step = steps.get(i);
            double fit = Math.max(floor, Math.min(atOnce(step.at() - PERIOD / 2), step.cpuLimit()));
            near = Math.abs(step.allowed() - fit) <= 1 ? near + 1 : 0;
            if (near == IN_A_ROW) {
                return i + 1 - from - (IN_A_ROW - 1);
            }
        }
        return NEVER;
    }

    private static double share(List<Step> steps) {
        double sent = steps.stream().mapToInt(Step::sent).sum();
        return sent == 0 ? 0 : 100 * steps.stream().mapToInt(Step::refused).sum() / sent;
    }
}
