package io.github.cpugate.internal;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Refuses an invalid configuration value with an exception that names the field and the value. Corrects nothing. */
public final class Checks {

    private Checks() {}

    public static double targetCpu(double percent) {
        if (!(percent > 1 && percent <= 100)) {
            long asPercent = Math.round(percent * 100);
            String hint = percent <= 1 && asPercent > 1 ? " (did you mean " + asPercent + "?)" : "";
            throw new IllegalArgumentException("targetCpu must be a percentage in (1, 100], was " + percent + hint);
        }
        return percent;
    }

    public static String notBlank(String field, String text) {
        if (Objects.requireNonNull(text, field).isBlank()) {
            throw new IllegalArgumentException(field + " must not be blank, was '" + text + "'");
        }
        return text;
    }

    public static int atLeastOne(String field, int slots) {
        if (slots < 1) {
            throw new IllegalArgumentException(field + " must be at least 1, was " + slots);
        }
        return slots;
    }

    public static void bounds(int minSlots, int maxSlots) {
        atLeastOne("minSlots", minSlots);
        if (maxSlots < minSlots) {
            throw new IllegalArgumentException(
                    "maxSlots must be at least minSlots = " + minSlots + ", was " + maxSlots);
        }
    }

    public static int slots(int minSlots, int maxSlots, int initialSlots) {
        bounds(minSlots, maxSlots);
        if (initialSlots < minSlots || initialSlots > maxSlots) {
            throw new IllegalArgumentException("initialSlots must be in [minSlots, maxSlots] = [" + minSlots + ", "
                    + maxSlots + "], was " + initialSlots);
        }
        return initialSlots;
    }

    /** Saturates: a duration of 300 years counts as for ever. */
    public static long nanos(String field, Duration duration) {
        return TimeUnit.NANOSECONDS.convert(Objects.requireNonNull(duration, field));
    }

    public static long positiveNanos(String field, Duration duration) {
        long nanos = nanos(field, duration);
        if (nanos <= 0) {
            throw new IllegalArgumentException(field + " must be positive, was " + duration);
        }
        return nanos;
    }
}
