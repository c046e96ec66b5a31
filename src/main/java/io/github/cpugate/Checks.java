package io.github.cpugate;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Refuses bad configuration with the field's name and value. Nothing is corrected. */
final class Checks {

    private Checks() {}

    static double targetCpu(double percent) {
        if (!(percent > 1 && percent <= 100)) {
            long asPercent = Math.round(percent * 100);
            String hint = percent <= 1 && asPercent > 1 ? " (did you mean " + asPercent + "?)" : "";
            throw new IllegalArgumentException("targetCpu must be a percentage in (1, 100], was " + percent + hint);
        }
        return percent;
    }

    static String notBlank(String field, String text) {
        if (Objects.requireNonNull(text, field).isBlank()) {
            throw new IllegalArgumentException(field + " must not be blank, was '" + text + "'");
        }
        return text;
    }

    static int atLeastOne(String field, int slots) {
        if (slots < 1) {
            throw new IllegalArgumentException(field + " must be at least 1, was " + slots);
        }
        return slots;
    }

    static void bounds(int minSlots, int maxSlots) {
        atLeastOne("minSlots", minSlots);
        if (maxSlots < minSlots) {
            throw new IllegalArgumentException(
                    "maxSlots must be at least minSlots = " + minSlots + ", was " + maxSlots);
        }
    }

    static int slots(int minSlots, int maxSlots, int initialSlots) {
        bounds(minSlots, maxSlots);
        if (initialSlots < minSlots || initialSlots > maxSlots) {
            throw new IllegalArgumentException("initialSlots must be in [minSlots, maxSlots] = [" + minSlots + ", "
                    + maxSlots + "], was " + initialSlots);
        }
        return initialSlots;
    }

    /** Saturates: a duration of 300 years is as good as for ever. */
    static long nanos(String field, Duration duration) {
        return TimeUnit.NANOSECONDS.convert(Objects.requireNonNull(duration, field));
    }

    static long positiveNanos(String field, Duration duration) {
        long nanos = nanos(field, duration);
        if (nanos <= 0) {
            throw new IllegalArgumentException(field + " must be positive, was " + duration);
        }
        return nanos;
    }
}
