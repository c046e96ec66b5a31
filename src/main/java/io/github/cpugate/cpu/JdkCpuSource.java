package io.github.cpugate.cpu;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Reads CPU from the JDK's {@code OperatingSystemMXBean.getCpuLoad()}, for use where OSHI cannot load.
 *
 * <p>Under a CPU quota that the JVM honours, the bean measures the container against its quota, and elsewhere the host.
 * It returns a fraction, which is negative if unknown. It measures from the last call by any code in the process, and
 * returns 0 if no tick has elapsed since. So 0 counts as no reading, although a host may be that idle, and reads in
 * quick succession do not reach the bean.
 */
final class JdkCpuSource implements CpuSource {

    private static final long MIN_SPAN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final DoubleSupplier load;
    private final DoubleSupplier quota;
    private final IntSupplier processors;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private boolean primed;
    private long lastRead;
    private long lastOwn;

    /**
     * Reads {@code load}, a fraction of {@code quota} cores, or of {@code processors} if that is {@code NaN}; at most
     * ten times a second by {@code nanoClock}.
     */
    JdkCpuSource(
            DoubleSupplier load,
            DoubleSupplier quota,
            IntSupplier processors,
            LongSupplier ownNanos,
            LongSupplier nanoClock) {
        this.load = load;
        this.quota = quota;
        this.processors = processors;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    static JdkCpuSource ofPlatform() {
        OperatingSystemMXBean bean = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        Path root = Path.of("/");
        return new JdkCpuSource(
                bean::getCpuLoad,
                () -> quota(root, Runtime.getRuntime().availableProcessors()),
                () -> processors(root),
                new ProcessCpu(),
                System::nanoTime);
    }

    /**
     * Returns the tightest quota, in cores, if the JVM honours it; {@code NaN} otherwise. A JVM may not: older ones
     * read only the files of their own group (JDK-8322420), and {@code -XX:-UseContainerSupport} ignores all. One that
     * does has as many available processors as the quota, rounded up, or fewer.
     */
    static double quota(Path root, int availableProcessors) {
        double tightest = Double.NaN;
        try {
            for (ControlGroup group : Membership.of(root)) {
                double cores = group.quotaCores();
                if (cores > 0 && !(cores >= tightest)) {
                    tightest = cores;
                }
            }
        } catch (IOException | RuntimeException e) {
            return Double.NaN; // QuotaMeter logs it
        }
        return availableProcessors <= Math.ceil(tightest) ? tightest : Double.NaN;
    }

    /** Returns the number of processors of the host; on Linux not that of the JVM, which flags and quotas change. */
    private static int processors(Path root) {
        try {
            return Math.max(1, new LinuxProcessors(root).ticks().size());
        } catch (IOException | RuntimeException e) {
            return Runtime.getRuntime().availableProcessors();
        }
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
        double quotaCores = quota.getAsDouble();
        boolean ofHost = Double.isNaN(quotaCores);
        double cores = ofHost ? processors.getAsInt() : quotaCores;
        return new CpuReading(
                100 * fraction,
                ProcessCpu.percent(ownBefore, own, span * cores),
                span,
                ofHost ? CpuReading.HOST : CpuReading.scope("container", cores),
                cores);
    }
}
