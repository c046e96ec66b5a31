package io.github.cpugate.cpu;

import io.github.cpugate.cpu.CpuSample.Health;
import java.util.Arrays;
import java.util.Objects;

/**
 * Smooths a source with an exponentially weighted moving average (Roberts, "Control Chart Tests Based on Geometric
 * Moving Averages", Technometrics 1959). With weight 0.3, two thirds of a sudden change in CPU show after 3 samples, or
 * 6 s at a period of 2 s. That holds for readings of equal span; a reading of a longer span weighs as much as several.
 */
final class SmoothingSampler implements CpuSampler {

    static final double DEFAULT_ALPHA = 0.3;

    private final CpuSource source;
    private final double alpha;
    private final long[] spans = new long[5]; // of the last readings, as a ring buffer
    private int spansSeen;
    private double smoothed = Double.NaN;
    private boolean primed;

    SmoothingSampler(CpuSource source, double alpha) {
        if (!(alpha > 0 && alpha <= 1)) {
            throw new IllegalArgumentException("alpha must be in (0, 1], was " + alpha);
        }
        this.source = Objects.requireNonNull(source, "source");
        this.alpha = alpha;
    }

    @Override
    public CpuSample sample() {
        boolean first = !primed;
        primed = true;
        CpuReading reading = source.reading();
        CpuSample sample = CpuSample.of(reading, reading.percent());
        if (!sample.isOk()) {
            Health health = first && sample.health() == Health.NO_READING ? Health.STARTING : sample.health();
            return new CpuSample(
                    sample.raw(),
                    smoothed,
                    sample.own(),
                    sample.scope(),
                    sample.cores(),
                    health,
                    sample.detail(),
                    sample.throttled());
        }
        double weight = Double.isNaN(smoothed) ? 1 : weight(reading.spanNanos());
        smoothed = weight == 1 ? sample.raw() : smoothed + weight * (sample.raw() - smoothed);
        remember(reading.spanNanos());
        return CpuSample.of(reading, smoothed);
    }

    /** Returns the combined weight of n = span / usual span equal readings; n need not be whole. */
    private double weight(long span) {
        if (span <= 0 || spansSeen == 0) {
            return alpha;
        }
        long[] sorted = Arrays.copyOf(spans, Math.min(spansSeen, spans.length));
        Arrays.sort(sorted);
        double n = (double) span / sorted[sorted.length / 2];
        return 1 - Math.pow(1 - alpha, n);
    }

    private void remember(long span) {
        if (span > 0) {
            spans[spansSeen++ % spans.length] = span;
        }
    }
}
