package io.github.cpugate.cpu;

import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Reads the CPU of this JVM alone, against a number of cores. It is the last resort where nothing shows the CPU of
 * others, and the source for a limit that only the user knows.
 */
final class OwnCpuSource implements CpuSource {

    private static final long MIN_SPAN_NANOS = 100_000_000; // Linux counts in units of 10 ms

    private final DoubleSupplier cores;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private boolean primed;
    private long lastOwn;
    private long lastRead;

    OwnCpuSource(DoubleSupplier cores, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.cores = cores;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    static OwnCpuSource ofProcessors() {
        return new OwnCpuSource(() -> Runtime.getRuntime().availableProcessors(), new ProcessCpu(), System::nanoTime);
    }

    static OwnCpuSource ofCores(double cores) {
        if (!(cores > 0 && cores < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("cores must be positive and finite, was " + cores);
        }
        return new OwnCpuSource(() -> cores, new ProcessCpu(), System::nanoTime);
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        long now = nanoClock.getAsLong();
        long span = now - lastRead;
        if (primed && span < MIN_SPAN_NANOS) {
            return CpuReading.of(Double.NaN); // the next reading spans this read's time too
        }
        long own = ownNanos.getAsLong();
        if (own < 0) {
            throw new IllegalStateException("the JVM does not know its own CPU time");
        }
        long ownBefore = lastOwn;
        boolean first = !primed;
        primed = true;
        lastRead = now;
        lastOwn = own;
        if (first) {
            return CpuReading.of(Double.NaN);
        }
        double available = cores.getAsDouble();
        double percent = Math.min(100, ProcessCpu.percent(ownBefore, own, available * span));
        return new CpuReading(percent, percent, span, CpuReading.scope("own CPU", available), available);
    }
}
