package io.github.cpugate.sim;

import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.SharedRun.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/** Compares gates that share a host with gates that do not, and with one gate that does the work of all. */
public final class SharedHosts {

    static final int SEEDS = 20;

    private SharedHosts() {}

    /**
     * What became of a scenario under a policy: the worst over the seeds.
     *
     * @param steps until Jain's index is at least 0.95
     * @param jain Jain's index from 30 steps on
     * @param inBand share of the time with CPU at the target ± 8 points, percent
     * @param over share of the time with CPU above the target + 10 points, percent
     * @param batch time of all batches over that of one gate with all the work
     * @param unsharedJain Jain's index without {@code shareHost}
     */
    record Outcome(
            SharedCase of, double steps, double jain, double inBand, double over, double batch, double unsharedJain) {

        static Outcome of(SharedCase compared, int seeds) {
            SharedScenario scenario = compared.scenario();
            List<SharedRun> shared = runs(compared, Way.SHARED, seeds);
            List<SharedRun> unshared = runs(compared, Way.UNSHARED, seeds);
            List<SharedRun> one = runs(compared, Way.ONE_GATE, seeds);
            double from = scenario.lastStart();
            double batch = 0;
            for (int i = 0; i < seeds; i++) {
                batch = Math.max(batch, shared.get(i).lastEnd() / one.get(i).lastEnd());
            }
            return new Outcome(
                    compared,
                    max(shared, run -> run.stepsToFairness(from)),
                    -max(shared, run -> -run.jain(from)),
                    -max(shared, run -> -run.share(tick -> Math.abs(tick.cpu() - 70) <= 8)),
                    max(shared, run -> run.share(tick -> tick.cpu() > 80)),
                    batch,
                    unshared.stream().mapToDouble(run -> run.jain(from)).average().orElse(Double.NaN));
        }

        private static List<SharedRun> runs(SharedCase compared, Way way, int seeds) {
            return LongStream.rangeClosed(1, seeds)
                    .parallel()
                    .mapToObj(seed -> SharedRun.of(compared.scenario(), way, compared.policy(), seed))
                    .toList();
        }

        private static double max(List<SharedRun> runs, ToDoubleFunction<SharedRun> of) {
            return runs.stream().mapToDouble(of).max().orElseThrow();
        }

        String row() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %s | %.0f | %.3f | %.0f %% | %.1f %% | %.2f× | %.2f |",
                    of.scenario().name,
                    of.policyName(),
                    steps,
                    jain,
                    inBand,
                    over,
                    batch,
                    unsharedJain);
        }
    }

    record SharedCase(SharedScenario scenario, String policyName, Supplier<StepPolicy> policy) {}

    private static List<SharedCase> cases() {
        List<SharedCase> cases = new ArrayList<>();
        for (SharedScenario scenario : SharedScenarios.all()) {
            cases.add(new SharedCase(scenario, "`oneSlot()`", StepPolicy::oneSlot));
            cases.add(new SharedCase(scenario, "`headroom()`", StepPolicy::headroom));
        }
        return cases;
    }

    /**
     * Prints the table.
     *
     * @param args a regular expression of the scenarios' names; by default all
     */
    public static void main(String[] args) {
        System.out.println("| scenario | policy | steps | Jain | in band | over | batch / one gate | Jain, unshared |");
        System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (SharedCase each : cases()) {
            if (args.length == 0 || each.scenario.name.matches(args[0])) {
                System.out.println(Outcome.of(each, args.length > 1 ? Integer.parseInt(args[1]) : SEEDS).row());
            }
        }
    }
}
