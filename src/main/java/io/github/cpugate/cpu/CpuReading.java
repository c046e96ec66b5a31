package io.github.cpugate.cpu;

/**
 * The CPU that a {@link CpuSource} measured since its previous read.
 *
 * <p>Immutable. The values are not checked here; the {@link CpuSample} that is made from a reading checks them.
 *
 * @param percent the CPU used, percent of the scope, in [0, 100]; {@code NaN} if there is no reading
 * @param own the part that this JVM used, percent of the same scope; {@code NaN} if unknown
 * @param spanNanos the time that the reading spans, in nanoseconds of a monotonic clock; 0 if unknown
 * @param scope what 100 % is: {@value #HOST}, or a control group and its quota, as in {@code "cgroup /docker/abc (0.5
 *     cores)"}
 * @param cores the number of processors that 100 % stands for; {@code NaN} if unknown
 */
public record CpuReading(double percent, double own, long spanNanos, String scope, double cores) {

    /** The scope of all processors of the host together. */
    public static final String HOST = "host";

    /**
     * Returns a reading of host CPU with nothing else known.
     *
     * @param percent percent of the host, or {@code NaN}
     * @return a reading with {@code own}, {@code spanNanos} and {@code cores} unknown
     */
    public static CpuReading of(double percent) {
        return new CpuReading(percent, Double.NaN, 0, HOST, Double.NaN);
    }
}
