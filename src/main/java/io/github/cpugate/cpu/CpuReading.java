package io.github.cpugate.cpu;

/**
 * What a {@link CpuSource} measured since it was last read.
 *
 * <p>Immutable. Nothing is checked here: the {@link CpuSample} that is made of a reading tells a good one from a faulty
 * one.
 *
 * @param percent the CPU used, percent of the scope, in [0, 100]; {@code NaN} when there is no reading
 * @param own what this JVM used of it, percent of the same scope; {@code NaN} if unknown
 * @param spanNanos the real time that the reading spans, on a monotonic clock; 0 if unknown
 * @param scope what 100 % is: {@value #HOST}, or a control group and its quota as in {@code "cgroup /docker/abc (0.5
 *     cores)"}
 * @param cores how many processors' CPU 100 % is; {@code NaN} if unknown
 */
public record CpuReading(double percent, double own, long spanNanos, String scope, double cores) {

    /** The scope of all the host's processors together. */
    public static final String HOST = "host";

    /**
     * Returns a reading that tells the CPU of the host and nothing more.
     *
     * @param percent percent of the host, or {@code NaN}
     * @return a reading with {@code own}, {@code spanNanos} and {@code cores} unknown
     */
    public static CpuReading of(double percent) {
        return new CpuReading(percent, Double.NaN, 0, HOST, Double.NaN);
    }
}
