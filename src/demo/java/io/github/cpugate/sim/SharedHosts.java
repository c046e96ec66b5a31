package io.github.cpugate.sim;

import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.SharedRun.Way;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/** Compares gates that share a host with gates that do not, and with one gate that does the work of all. */
public final class SharedHosts {

    static final int SEEDS = 20;
    private static final double TARGET = 70; // percent

    private SharedHosts() {}

    /** What the gates decide by. */
    enum Policy {
        ONE_SLOT("`oneSlot()`", StepPolicy::oneSlot),
        HEADROOM("`headroom()`", StepPolicy::headroom);

        final String label;

        @SuppressWarnings("ImmutableEnumChecker") // makes a new one at each call
        final Supplier<StepPolicy> maker;

        Policy(String label, Supplier<StepPolicy> maker) {
            this.label = label;
            this.maker = maker;
        }
    }

    /**
     * What became of a scenario under a policy: the worst over the seeds, but for the last.
     *
     * @param steps from the last start until Jain's index of CPU is at least 0.95
     * @param jain Jain's index from 30 steps on
     * @param inBand share of the time with CPU at the target ± 8 points, percent
     * @param over share of the time with CPU above the target + 10 points, percent
     * @param batch time of all batches over that of one gate with all the work
     * @param unsharedJain Jain's index without {@code shareHost}, mean over the seeds
     */
    record Figures(double steps, double jain, double inBand, double over, double batch, double unsharedJain) {

        static Figures of(SharedScenario scenario, Policy policy) {
            List<SharedRun> shared = runs(scenario, Way.SHARED, policy);
            List<SharedRun> unshared = runs(scenario, Way.UNSHARED, policy);
            List<SharedRun> one = runs(scenario, Way.ONE_GATE, policy);
            double from = scenario.lastStart();
            double batch = 0;
            for (int i = 0; i < SEEDS; i++) {
                batch = Math.max(batch, shared.get(i).lastEnd() / one.get(i).lastEnd());
            }
            return new Figures(
                    max(shared, run -> run.stepsToFairness(from)),
                    -max(shared, run -> -run.jain(from)),
                    -max(shared, run -> -run.share(tick -> Math.abs(tick.cpu() - TARGET) <= 8)),
                    max(shared, run -> run.share(tick -> tick.cpu() > TARGET + 10)),
                    batch,
                    unshared.stream()
                            .mapToDouble(run -> run.jain(from))
                            .average()
                            .orElse(Double.NaN));
        }

        /** The figures that are not within their bounds. */
        List<String> broken(SharedScenario bounds, Policy policy) {
            boolean oneSlot = policy == Policy.ONE_SLOT;
            List<String> broken = new ArrayList<>();
            check(broken, "steps", steps, oneSlot ? bounds.maxStepsOneSlot : bounds.maxStepsHeadroom);
            check(broken, "Jain", -jain, -bounds.minJain);
            check(broken, "in band", -inBand, -(oneSlot ? bounds.minInBandOneSlot : bounds.minInBandHeadroom));
            check(broken, "over", over, bounds.maxOver);
            check(broken, "batch", Math.round(100 * batch) / 100.0, bounds.maxBatch);
            return broken.stream()
                    .map(each -> bounds.name + ", " + policy.label + ": " + each)
                    .toList();
        }

        private static void check(List<String> broken, String label, double measured, double limit) {
            if (!(measured <= limit)) {
                broken.add(label + " is " + Math.abs(measured) + ", beyond " + Math.abs(limit));
            }
        }

        private static String known(String format, double value) {
            return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, format, value);
        }

        String row(SharedScenario scenario, Policy policy) {
            return String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s | %.0f %% | %.0f %% | %.2f× | %s |",
                    scenario.name,
                    policy.label,
                    steps == Outcome.NEVER ? "never" : known("%.0f", steps),
                    known("%.3f", jain),
                    inBand,
                    over,
                    batch,
                    known("%.2f", unsharedJain));
        }
    }

    private static List<SharedRun> runs(SharedScenario scenario, Way way, Policy policy) {
        return LongStream.rangeClosed(1, SEEDS)
                .parallel()
                .mapToObj(seed -> SharedRun.of(scenario, way, policy.maker, seed))
                .toList();
    }

    private static double max(List<SharedRun> runs, ToDoubleFunction<SharedRun> of) {
        return runs.stream().mapToDouble(of).max().orElseThrow();
    }

    /** Steps after the process of a gate was killed until the others have taken its room, the most over the seeds. */
    static double stepsToTake(SharedScenario scenario, Policy policy) {
        double killed =
                scenario.gates.stream().mapToDouble(gate -> gate.killedAt).min().orElseThrow();
        return max(runs(scenario, Way.SHARED, policy), run -> run.stepsToBand(killed, TARGET));
    }

    /** The figures of some scenarios, under each policy. */
    static Map<SharedScenario, Map<Policy, Figures>> figures(List<SharedScenario> scenarios) {
        Map<SharedScenario, Map<Policy, Figures>> all = new LinkedHashMap<>();
        for (SharedScenario scenario : scenarios) {
            Map<Policy, Figures> figures = new EnumMap<>(Policy.class);
            for (Policy policy : Policy.values()) {
                figures.put(policy, Figures.of(scenario, policy));
            }
            all.put(scenario, figures);
        }
        return all;
    }

    static String table(Map<SharedScenario, Map<Policy, Figures>> all) {
        StringBuilder table = new StringBuilder();
        table.append("""
                | host | policy | steps | Jain | in band | over | batch / one gate | Jain, not shared |
                | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        all.forEach((scenario, figures) -> figures.forEach(
                (policy, of) -> table.append(of.row(scenario, policy)).append('\n')));
        return table.toString();
    }

    static String killedTable() {
        StringBuilder table = new StringBuilder("| host | `oneSlot()` | `headroom()` |\n| --- | --- | --- |\n");
        for (SharedScenario scenario : SharedScenarios.killed()) {
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %.0f steps | %.0f steps |%n",
                    scenario.name,
                    stepsToTake(scenario, Policy.ONE_SLOT),
                    stepsToTake(scenario, Policy.HEADROOM)));
        }
        return table.toString();
    }

    /**
     * Prints the tables. Takes some seconds.
     *
     * @param args none
     */
    public static void main(String[] args) {
        System.out.println(table(figures(SharedScenarios.all())));
        System.out.println(killedTable());
        System.out.println(table(figures(SharedScenarios.others())));
    }
}
