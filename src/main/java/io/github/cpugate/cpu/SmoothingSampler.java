package io.github.cpugate.cpu;

import io.github.cpugate.cpu.CpuSample.Health;
import java.util.Objects;

/**
 * An exponentially weighted moving average over a source (Roberts, "Control Chart Tests Based on Geometric Moving
 * Averages", Technometrics 1959). With weight 0.3 and a period of 2 s, a step in CPU shows by two thirds after 3
 * samples.
 */
final class SmoothingSampler implements CpuSampler {

    static final double DEFAULT_ALPHA = 0.3;

    private final CpuSource source;
    private final double alpha;
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
        double raw = source.read();
        CpuSample reading = CpuSample.of(raw);
        if (!reading.isOk()) {
            Health health = first && reading.health() == Health.NO_READING ? Health.STARTING : reading.health();
            return new CpuSample(raw, smoothed, health, reading.detail());
        }
        smoothed = Double.isNaN(smoothed) ? raw : smoothed + alpha * (raw - smoothed);
        return CpuSample.of(raw, smoothed);
    }
}
