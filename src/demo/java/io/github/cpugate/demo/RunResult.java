package io.github.cpugate.demo;

import java.util.List;

/**
 * What a run came to.
 *
 * @param ticks once a second
 * @param convergedAt seconds after which the limit had ceased to climb
 * @param wallSeconds of each session, in the order of the batch, from its admission to its end
 * @param batchSeconds from the first session's wait to the last one's end
 * @param cpuSeconds that this process spent in that time
 */
public record RunResult(
        List<Tick> ticks, double convergedAt, List<Double> wallSeconds, double batchSeconds, double cpuSeconds) {

    /** Mean and spread over the steady part of a run: converged, and somebody still waiting. */
    public record Steady(double meanCpu, double sdCpu, double meanInFlight, int seconds) {}

    /** The ticks of the steady part. */
    public List<Tick> steadyTicks() {
        return ticks.stream()
                .filter(tick -> tick.elapsed() >= convergedAt && tick.waiting() > 0 && !Double.isNaN(tick.cpu()))
                .toList();
    }

    public Steady steady() {
        List<Tick> steady = steadyTicks();
        double mean = steady.stream().mapToDouble(Tick::cpu).average().orElse(Double.NaN);
        double variance = steady.stream()
                .mapToDouble(tick -> (tick.cpu() - mean) * (tick.cpu() - mean))
                .average()
                .orElse(Double.NaN);
        double inFlight = steady.stream().mapToInt(Tick::inFlight).average().orElse(Double.NaN);
        return new Steady(mean, Math.sqrt(variance), inFlight, steady.size());
    }

    double wallPercentile(double percent) {
        return percentile(wallSeconds, percent);
    }

    /** The nearest-rank percentile. */
    public static double percentile(List<Double> values, double percent) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.max(0, Math.ceil(percent / 100 * sorted.size()) - 1));
    }
}
