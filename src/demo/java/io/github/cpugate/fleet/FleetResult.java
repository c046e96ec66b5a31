package io.github.cpugate.fleet;

import io.github.cpugate.demo.RunResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What became of a batch.
 *
 * @param workers what each worker did
 * @param p95 the time that 95 % of the sessions took at most, in seconds
 * @param makespan the time of the whole batch, in seconds
 * @param doneTwice sessions that ended more than once
 */
record FleetResult(List<Worker> workers, double p95, double makespan, int doneTwice) {

    /**
     * A worker, in the time between the ramp and the end.
     *
     * @param cores its quota, or its equal part of the host
     * @param cpu its CPU, percent of that
     * @param share its share of the sessions, percent
     * @param fair its share of the cores of all workers, percent
     * @param throttled periods of its quota that were throttled, percent
     */
    record Worker(double cores, double cpu, double share, double fair, double throttled) {}

    /** @param first the number of the batch's first session */
    static FleetResult of(
            List<Machine> machines, int first, RealFleet.Moment from, RealFleet.Moment to, long makespanMillis) {
        double allCores = machines.stream().mapToDouble(Machine::cores).sum();
        Map<Machine, Long> sessions = new HashMap<>();
        Map<Integer, Integer> times = new HashMap<>();
        List<Double> lengths = new ArrayList<>();
        for (Machine machine : machines) {
            sessions.put(machine, 0L);
            for (WorkerMain.Ended each : machine.ended(first)) {
                times.merge(each.number(), 1, Integer::sum);
                lengths.add(each.seconds());
                if (each.began() >= from.millis() && each.began() < to.millis()) {
                    sessions.merge(machine, 1L, Long::sum);
                }
            }
        }
        long all = sessions.values().stream().mapToLong(each -> each).sum();
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < machines.size(); i++) {
            Machine machine = machines.get(i);
            Machine.Use before = from.use().get(i);
            Machine.Use after = to.use().get(i);
            workers.add(new Worker(
                    machine.cores(),
                    100 * after.coresSince(before) / machine.cores(),
                    100.0 * sessions.get(machine) / all,
                    100 * machine.cores() / allCores,
                    after.throttledSince(before)));
        }
        int doneTwice = (int) times.values().stream().filter(each -> each > 1).count();
        return new FleetResult(workers, RunResult.percentile(lengths, 95), makespanMillis / 1000.0, doneTwice);
    }

    /** The median of each figure over several runs. */
    static FleetResult median(List<FleetResult> runs) {
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < runs.get(0).workers.size(); i++) {
            int worker = i;
            ToDoubleFunction<ToDoubleFunction<Worker>> of =
                    figure -> median(runs, run -> figure.applyAsDouble(run.workers.get(worker)));
            Worker first = runs.get(0).workers.get(i);
            workers.add(new Worker(
                    first.cores,
                    of.applyAsDouble(Worker::cpu),
                    of.applyAsDouble(Worker::share),
                    first.fair,
                    of.applyAsDouble(Worker::throttled)));
        }
        return new FleetResult(workers, median(runs, FleetResult::p95), median(runs, FleetResult::makespan), (int)
                median(runs, FleetResult::doneTwice));
    }

    private static double median(List<FleetResult> runs, ToDoubleFunction<FleetResult> figure) {
        double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    static String head(FleetResult any) {
        return "| limit | CPU of each worker, % | share of the sessions, % (of the cores: " + each(any, Worker::fair)
                + ") | p95, s (alone " + Sessions.SECONDS_ALONE
                + ") | throttled periods, % | batch, s |\n| --- | --- | --- | --- | --- | --- |";
    }

    String row(String limit) {
        return String.format(
                Locale.ROOT,
                "| %s | %s | %s | %.1f | %s | %.0f |",
                limit,
                each(this, Worker::cpu),
                each(this, Worker::share),
                p95,
                each(this, Worker::throttled),
                makespan);
    }

    private static String each(FleetResult result, ToDoubleFunction<Worker> figure) {
        return result.workers.stream()
                .map(worker -> String.format(Locale.ROOT, "%.0f", figure.applyAsDouble(worker)))
                .collect(Collectors.joining(", "));
    }
}
