package io.github.cpugate.cpu;

/**
 * One sample of CPU: the reading, its smoothed value, and whether they can be acted on.
 *
 * <p>Immutable. Make samples with the factories; components may be added to the record.
 *
 * @param raw the last reading, percent of the host; {@code NaN} if there was none
 * @param smoothed the smoothed value, percent of the host; without a reading the last one known, or {@code NaN}
 * @param health whether the sample can be acted on
 * @param detail why {@code health} is not {@link Health#OK}; empty if it is
 */
public record CpuSample(double raw, double smoothed, Health health, String detail) {

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
        if (Double.isNaN(raw) || Double.isNaN(smoothed)) {
            return new CpuSample(raw, smoothed, Health.NO_READING, "the source had no reading");
        }
        if (!isPercent(raw) || !isPercent(smoothed)) {
            double wrong = isPercent(raw) ? smoothed : raw;
            return new CpuSample(raw, smoothed, Health.FAILING, "a reading of " + wrong + " is not a percentage");
        }
        return new CpuSample(raw, smoothed, Health.OK, "");
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
        return new CpuSample(Double.NaN, smoothed, Health.FAILING, detail);
    }

    /**
     * Returns the sample before the first reading.
     *
     * @return a {@link Health#STARTING} sample without values
     */
    public static CpuSample starting() {
        return new CpuSample(Double.NaN, Double.NaN, Health.STARTING, "no reading yet");
    }

    /**
     * Tells whether the sample can be acted on.
     *
     * @return {@code true} if {@link #health()} is {@link Health#OK}
     */
    public boolean isOk() {
        return health == Health.OK;
    }

    private static boolean isPercent(double value) {
        return value >= 0 && value <= 100;
    }
}
