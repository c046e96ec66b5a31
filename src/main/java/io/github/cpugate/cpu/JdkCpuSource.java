package io.github.cpugate.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * CPU from the JDK's {@code OperatingSystemMXBean.getCpuLoad()}, for where OSHI cannot load.
 *
 * <p>In a Linux container the bean measures the container, not the host. It returns a fraction, negative when it has
 * none. It measures since anybody in the process last asked, and returns 0 if no tick has elapsed since: so 0 counts as
 * no reading, though a host may be that idle, and reads that follow too closely are not passed on.
 */
final class JdkCpuSource implements CpuSource {

    private static final long SHORTEST_SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final DoubleSupplier load;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private boolean primed;
    private long lastRead;
    private long lastOwn;

    /** Reads {@code load}, a fraction, at most ten times a second of {@code nanoClock}. */
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
        if (primed && span < SHORTEST_SPAN_NANOS) {
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
