package io.github.cpugate.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Reads CPU from the JDK's {@code OperatingSystemMXBean.getCpuLoad()}, for use where OSHI cannot load, except on Linux:
 * under a quota or with CPU shares the bean measures the container there.
 *
 * <p>The bean returns a fraction, which is negative if unknown. It measures from the last call by any code in the
 * process, and returns 0 if no tick has elapsed since. So 0 counts as no reading, although a host may be that idle, and
 * reads in quick succession do not reach the bean.
 */
final class JdkCpuSource implements CpuSource {

    private static final long MIN_SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final DoubleSupplier load;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private boolean primed;
    private long lastRead;
    private long lastOwn;

    /** Reads {@code load}, a fraction, at most ten times a second by {@code nanoClock}. */
    JdkCpuSource(DoubleSupplier load, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.load = load;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    static JdkCpuSource ofPlatform() {
        OperatingSystemMXBean bean = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return new JdkCpuSource(bean::getCpuLoad, new ProcessCpu(), System::nanoTime);
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
            return CpuReading.of(Double.NaN);
        }
        long ownBefore = lastOwn;
        long own = ownNanos.getAsLong();
        boolean first = !primed;
        primed = true;
        lastRead = now;
        lastOwn = own;
        double fraction = load.getAsDouble();
        if (first || fraction <= 0) {
            return CpuReading.of(Double.NaN);
        }
        int cores = Runtime.getRuntime().availableProcessors();
        double share = ProcessCpu.percent(ownBefore, own, (double) span * cores);
        return new CpuReading(100 * fraction, share, span, CpuReading.HOST, cores);
    }
}
