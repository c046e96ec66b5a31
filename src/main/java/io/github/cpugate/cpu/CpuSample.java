package io.github.cpugate.cpu;

import java.util.Objects;

/**
 * A sample of CPU: a reading, its smoothed value, and whether they can be acted on.
 *
 * <p>Immutable. Use the factory methods, since components may be added to the record. A sample whose values are not
 * percentages is never {@link Health#OK}, however it was made: a {@code NaN} makes it {@link Health#NO_READING}, a
 * value outside [0, 100] {@link Health#FAILING}. An {@code own} above 100 becomes 100 and one below 0 becomes
 * {@code NaN}, and so does a {@code throttled} outside [0, 100]; none of this affects the health.
 *
 * @param raw the reading, percent of the scope; {@code NaN} if there is none
 * @param smoothed the smoothed value, percent of the scope; if there is no reading, the last known one, which may be of
 *     another scope, or {@code NaN}
 * @param own the part of {@code raw} that this JVM used, percent of the scope; {@code NaN} if unknown
 * @param scope what 100 % is: {@code "host"}, some of its processors, as in {@code "processors 0-3 of 64"}, a control
 *     group and its quota, as in {@code "cgroup /docker/abc (0.5 cores)"}, or the cores against which the CPU of this
 *     JVM alone is measured, as in {@code "own CPU (0.5 cores)"}
 * @param cores the number of processors that 100 % stands for; {@code NaN} if unknown
 * @param health whether the sample can be acted on
 * @param detail why {@code health} is not {@link Health#OK}; empty if it is
 * @param throttled how often the kernel stopped this process because a CPU quota was used up, percent of the quota's
 *     periods, whichever the scope; {@code NaN} if there is no quota or it is unknown. It does not affect the limit.
 */
public record CpuSample(
        double raw,
        double smoothed,
        double own,
        String scope,
        double cores,
        Health health,
        String detail,
        double throttled) {

    /** Whether a sample can be acted on. */
    public enum Health {
        /** There is no reading yet, and none is due: the first read of a source only primes it. */
        STARTING,
        /** The reading is valid. */
        OK,
        /** The source had no reading. */
        NO_READING,
        /**
         * The source or the sampler threw, or returned null or a value that is not a percentage; or the step took no
         * sample, since the sampler or the policy had not returned.
         */
        FAILING
    }

    /**
     * Creates a sample. Its health is OK only if its values are percentages.
     *
     * @param raw percent of the scope
     * @param smoothed percent of the scope
     * @param own percent of the scope
     * @param scope what 100 % is
     * @param cores processors, or {@code NaN}
     * @param health pass {@link Health#OK} to have it derived from the values
     * @param detail why the health is not OK; empty if it is
     * @param throttled percent of the periods of a quota, or {@code NaN}
     */
    public CpuSample {
        Objects.requireNonNull(scope, "scope");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(detail, "detail");
        own = own >= 0 ? Math.min(own, 100) : Double.NaN;
        throttled = isPercent(throttled) ? throttled : Double.NaN;
        if (health == Health.OK && (Double.isNaN(raw) || Double.isNaN(smoothed))) {
            health = Health.NO_READING;
            detail = "the source had no reading";
        } else if (health == Health.OK && !(isPercent(raw) && isPercent(smoothed))) {
            health = Health.FAILING;
            detail = "a reading of " + (isPercent(raw) ? smoothed : raw) + " is not a percentage";
        }
    }

    /**
     * Creates a sample with an unknown {@code throttled}.
     *
     * @param raw percent of the scope
     * @param smoothed percent of the scope
     * @param own percent of the scope
     * @param scope what 100 % is
     * @param cores processors, or {@code NaN}
     * @param health pass {@link Health#OK} to have it derived from the values
     * @param detail why the health is not OK; empty if it is
     */
    public CpuSample(
            double raw, double smoothed, double own, String scope, double cores, Health health, String detail) {
        this(raw, smoothed, own, scope, cores, health, detail, Double.NaN);
    }

    /**
     * Returns a sample whose smoothed value is the reading itself, for use in tests.
     *
     * @param percent percent of the host
     * @return the sample, as from {@link #of(double, double)}
     */
    public static CpuSample of(double percent) {
        return of(percent, percent);
    }

    /**
     * Returns a sample that is {@link Health#OK} if both values are percentages. A {@code NaN} makes it
     * {@link Health#NO_READING}, a value outside [0, 100] makes it {@link Health#FAILING}. Neither throws, since a
     * faulty source must not cause an exception.
     *
     * @param raw the reading, percent of the host
     * @param smoothed the smoothed value, percent of the host
     * @return the sample, with its health
     */
    public static CpuSample of(double raw, double smoothed) {
        return of(CpuReading.of(raw), smoothed);
    }

    /**
     * Returns a sample of a reading, with the own CPU, scope, cores and throttling of the reading.
     *
     * @param reading the reading
     * @param smoothed the smoothed value, percent of the reading's scope
     * @return the sample, with its health as from {@link #of(double, double)}
     */
    public static CpuSample of(CpuReading reading, double smoothed) {
        return new CpuSample(
                reading.percent(),
                smoothed,
                reading.own(),
                reading.scope(),
                reading.cores(),
                Health.OK,
                "",
                reading.throttled());
    }

    /**
     * Returns a sample for a reading that failed.
     *
     * @param cause what was thrown
     * @param smoothed the last known smoothed value, percent of the scope that it was measured in, or {@code NaN}
     * @return a {@link Health#FAILING} sample without a reading, whose scope is {@code "host"}
     */
    public static CpuSample failed(Throwable cause, double smoothed) {
        String detail;
        try {
            detail = String.valueOf(cause.toString());
        } catch (Throwable t) { // toString() may be foreign code
            detail = cause.getClass().getName();
        }
        return new CpuSample(Double.NaN, smoothed, Double.NaN, CpuReading.HOST, Double.NaN, Health.FAILING, detail);
    }

    /**
     * Returns the sample that stands for the time before the first reading.
     *
     * @return a {@link Health#STARTING} sample without values
     */
    public static CpuSample starting() {
        return new CpuSample(
                Double.NaN, Double.NaN, Double.NaN, CpuReading.HOST, Double.NaN, Health.STARTING, "no reading yet");
    }

    /** {@return whether the sample can be acted on: whether its health is {@link Health#OK}} */
    public boolean isOk() {
        return health == Health.OK;
    }

    /**
     * Returns the CPU that others than this JVM used.
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
