package io.github.cpugate.bench.loop;

import io.github.cpugate.demo.RunResult;
import io.github.cpugate.demo.Tick;
import java.util.ArrayList;
import java.util.List;

/**
 * What one run came to. CPU is the host's, percent, one reading a second; what is said of it holds from the end of the
 * start until nobody waits any more.
 *
 * @param seconds of the batch
 * @param cpu mean
 * @param swing standard deviation of the readings
 * @param inBand share of them within {@link #BAND} of the target, percent
 * @param secondsOver readings more than {@link #OVER} above the target, from the beginning to the end of the batch
 * @param stretch 95th percentile of what a session took, over what one of its length takes alone
 * @param slots mean of the sessions in flight
 * @param ticks the readings
 */
record Outcome(
        double seconds,
        double cpu,
        double swing,
        double inBand,
        double secondsOver,
        double stretch,
        double slots,
        List<Tick> ticks) {

    /** Points on either side of the target. */
    static final double BAND = 8;

    /** Points above the target that a user would complain of. */
    static final double OVER = 10;

    private static final int CALM_SECONDS = 3;

    static Outcome of(RunResult run, List<Double> aloneSeconds) {
        List<Double> stretch = new ArrayList<>();
        for (int i = 0; i < aloneSeconds.size(); i++) {
            stretch.add(run.wallSeconds().get(i) / aloneSeconds.get(i));
        }
        RunResult.Steady steady = run.steady();
        List<Tick> ticks = run.steadyTicks();
        return new Outcome(
                run.batchSeconds(),
                steady.meanCpu(),
                steady.sdCpu(),
                100.0 * ticks.stream().filter(Outcome::isInBand).count() / ticks.size(),
                run.ticks().stream()
                        .filter(tick -> tick.cpu() > Terms.TARGET + OVER)
                        .count(),
                RunResult.percentile(stretch, 95),
                steady.meanInFlight(),
                run.ticks());
    }

    private static boolean isInBand(Tick tick) {
        return Math.abs(tick.cpu() - Terms.TARGET) <= BAND;
    }

    /**
     * Seconds from {@code end} to the beginning of the first three seconds in a row that are in the band while callers
     * wait; {@code NaN} if there are none.
     */
    static double secondsUntilBackInBand(List<Tick> ticks, double end) {
        int inARow = 0;
        double since = Double.NaN; // when the first second of the row began
        double before = 0;
        for (Tick tick : ticks) {
            boolean counts = before >= end && tick.waiting() > 0 && isInBand(tick);
            if (!counts) {
                inARow = 0;
            } else if (inARow++ == 0) {
                since = before;
            }
            if (inARow == CALM_SECONDS) {
                return since - end;
            }
            before = tick.elapsed();
        }
        return Double.NaN;
    }

    /** The highest reading of those seconds, percent; {@code NaN} if there is none. */
    static double highestCpu(List<Tick> ticks, double seconds) {
        return ticks.stream()
                .filter(tick -> tick.elapsed() < seconds + 0.5)
                .mapToDouble(Tick::cpu)
                .filter(cpu -> !Double.isNaN(cpu))
                .max()
                .orElse(Double.NaN);
    }
}
