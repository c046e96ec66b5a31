package io.github.cpugate.cpu;

import java.util.Objects;

/**
 * One sample of CPU: the reading, its smoothed value, and whether they can be acted on.
 *
 * <p>Immutable. Make samples with the factories; components may be added to the record. However it is made, a sample
 * whose values are not percentages is never {@link Health#OK}: a {@code NaN} makes it {@link Health#NO_READING}, a
 * value outside [0, 100] {@link Health#FAILING}. An {@code own} above 100 becomes 100, one below 0 becomes {@code NaN},
 * and the sample stays as good as it was.
 *
 * @param raw the last reading, percent of the scope; {@code NaN} if there was none
 * @param smoothed the smoothed value, percent of the scope; without a reading the last one known, or {@code NaN}
 * @param own what this JVM used of {@code raw}, percent of the scope; {@code NaN} if unknown
 * @param scope what 100 % is: {@code "host"}, or a control group and its quota as in {@code "cgroup /docker/abc (0.5
 *     cores)"}
 * @param cores how many processors' CPU 100 % is; {@code NaN} if unknown
 * @param health whether the sample can be acted on
 * @param detail why {@code health} is not {@link Health#OK}; empty if it is
 */
public record CpuSample(
        double raw, double smoothed, double own, String scope, double cores, Health health, String detail) {

    /** Whether a sample can be acted on. */
    public enum Health {
        /** No reading yet, and none was due: the first read of a source only primes it. */
        STARTING,
        /** A valid reading. */
        OK,
        /** The source had no reading. */
        NO_READING,
        /** The source threw, or returned what is not a percentage. */
        FAILING
    }

    /**
     * Makes a sample that is OK only if its values are.
     *
     * @param raw percent of the scope
     * @param smoothed percent of the scope
     * @param own percent of the scope
     * @param scope what 100 % is
     * @param cores processors, or {@code NaN}
     * @param health {@link Health#OK} to have it found out
     * @param detail empty if it is OK
     */
    public CpuSample {
        Objects.requireNonNull(scope, "scope");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(detail, "detail");
        own = own >= 0 ? Math.min(own, 100) : Double.NaN;
        if (health == Health.OK && (Double.isNaN(raw) || Double.isNaN(smoothed))) {
            health = Health.NO_READING;
            detail = "the source had no reading";
        } else if (health == Health.OK && !(isPercent(raw) && isPercent(smoothed))) {
            health = Health.FAILING;
            detail = "a reading of " + (isPercent(raw) ? smoothed : raw) + " is not a percentage";
        }
    }

    /**
     * Returns a sample whose smoothed value is the reading itself, as a test's fake wants it.
     *
     * @param percent percent of the host
     * @return a sample as {@link #of(double, double)} makes it
     */
    public static CpuSample of(double percent) {
        return of(percent, percent);
    }

    /**
     * Returns a sample that is {@link Health#OK} if both values are percentages. A {@code NaN} makes it
     * {@link Health#NO_READING}, a value outside [0, 100] makes it {@link Health#FAILING}; neither throws, since a
     * faulty sensor must not.
     *
     * @param raw the reading, percent of the host
     * @param smoothed the smoothed value, percent of the host
     * @return the sample, with its health
     */
    public static CpuSample of(double raw, double smoothed) {
        return of(CpuReading.of(raw), smoothed);
    }

    /**
     * Returns a sample of a reading, with the JVM's own share and the scope that it tells.
     *
     * @param reading the reading
     * @param smoothed the smoothed value, percent of the reading's scope
     * @return a sample with its health, as {@link #of(double, double)} makes it
     */
    public static CpuSample of(CpuReading reading, double smoothed) {
        return new CpuSample(
                reading.percent(), smoothed, reading.own(), reading.scope(), reading.cores(), Health.OK, "");
    }

    /**
     * Returns a sample for a reading that failed.
     *
     * @param cause what was thrown
     * @param smoothed the last smoothed value known, percent of the host, or {@code NaN}
     * @return a {@link Health#FAILING} sample without a reading
     */
    public static CpuSample failed(Throwable cause, double smoothed) {
        String detail;
        try {
            detail = String.valueOf(cause.toString());
        } catch (Throwable t) { // other people's code, this too
            detail = cause.getClass().getName();
        }
        return new CpuSample(Double.NaN, smoothed, Double.NaN, CpuReading.HOST, Double.NaN, Health.FAILING, detail);
    }

    /**
     * Returns the sample before the first reading.
     *
     * @return a {@link Health#STARTING} sample without values
     */
    public static CpuSample starting() {
        return new CpuSample(
                Double.NaN, Double.NaN, Double.NaN, CpuReading.HOST, Double.NaN, Health.STARTING, "no reading yet");
    }

    /**
     * Tells whether the sample can be acted on.
     *
     * @return {@code true} if {@link #health()} is {@link Health#OK}
     */
    public boolean isOk() {
        return health == Health.OK;
    }

    /**
     * Returns what others than this JVM used.
     *
     * @return {@code raw - own}, never below 0, percent of the scope; {@code NaN} if either is unknown
     */
    public double others() {
        return Math.max(0, raw - own);
    }

    private static boolean isPercent(double value) {
        return value >= 0 && value <= 100;
    }
}
