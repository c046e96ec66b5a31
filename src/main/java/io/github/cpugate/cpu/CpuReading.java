package io.github.cpugate.cpu;

/**
 * The CPU that a {@link CpuSource} measured since its previous read.
 *
 * <p>Immutable. The values are not checked here; the {@link CpuSample} that is made from a reading checks them.
 *
 * @param percent the CPU used, percent of the scope, in [0, 100]; {@code NaN} if there is no reading
 * @param own the part that this JVM used, percent of the same scope; {@code NaN} if unknown
 * @param spanNanos the time that the reading spans, in nanoseconds of a monotonic clock; 0 if unknown
 * @param scope what 100 % is: {@value #HOST}, some of its processors, as in {@code "processors 0-3 of 64"}, a control
 *     group and its quota, as in {@code "cgroup /docker/abc (0.5 cores)"}, or the cores against which the CPU of this
 *     JVM alone is measured, as in {@code "own CPU (0.5 cores)"}
 * @param cores the number of processors that 100 % stands for; {@code NaN} if unknown
 * @param throttled how often the kernel stopped this process because a CPU quota was used up, percent of the quota's
 *     periods, whichever the scope; the largest of several quotas; {@code NaN} if there is none or it is unknown
 */
public record CpuReading(double percent, double own, long spanNanos, String scope, double cores, double throttled) {

    /** The scope of all processors of the host together. */
    public static final String HOST = "host";

    /**
     * Creates a reading with an unknown {@code throttled}.
     *
     * @param percent percent of the scope
     * @param own percent of the scope
     * @param spanNanos nanoseconds
     * @param scope what 100 % is
     * @param cores processors
     */
    public CpuReading(double percent, double own, long spanNanos, String scope, double cores) {
        this(percent, own, spanNanos, scope, cores, Double.NaN);
    }

    /**
     * Returns a reading of host CPU with nothing else known.
     *
     * @param percent percent of the host, or {@code NaN}
     * @return a reading with {@code own}, {@code spanNanos} and {@code cores} unknown
     */
    public static CpuReading of(double percent) {
        return new CpuReading(percent, Double.NaN, 0, HOST, Double.NaN);
    }

    CpuReading withThrottled(double percentOfPeriods) {
        return new CpuReading(percent, own, spanNanos, scope, cores, percentOfPeriods);
    }

    /** Returns a scope's text for a number of cores: {@code "cgroup /docker/abc"} becomes one as above. */
    static String scope(String what, double cores) {
        return what + " (" + Math.round(100 * cores) / 100.0 + " cores)";
    }
}
