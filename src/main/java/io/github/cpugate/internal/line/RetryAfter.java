package io.github.cpugate.internal.line;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long a service that refused asks clients to back off (RFC 9110, section 10.2.3), within bounds.
 *
 * <p>The value comes from outside, so no factory throws: a missing or invalid value counts as {@link #DEFAULT}, and a
 * value above {@link #MAX} as {@code MAX}.
 *
 * @param nanos the time, within the bounds
 * @param rejected the service's value if it was not accepted as it is, else null
 */
public record RetryAfter(long nanos, @Nullable String rejected) {

    /** How long a session backs off if the service does not say. */
    public static final Duration DEFAULT = Duration.ofSeconds(1);

    public static final Duration MAX = Duration.ofSeconds(60);

    private static final int MAX_LOGGED_CHARACTERS = 40;

    private static final RetryAfter UNSPECIFIED = new RetryAfter(DEFAULT.toNanos(), null);

    /** From a duration that the caller has parsed; null if the service did not say. */
    static RetryAfter of(@Nullable Duration value) {
        if (value == null || value.isZero()) {
            return UNSPECIFIED;
        }
        return value.isNegative() ? invalid(value.toString()) : bounded(value, value.toString());
    }

    /** From the header's text, seconds or a date; null if there was none. */
    static RetryAfter of(@Nullable String header) {
        if (header == null || header.isBlank()) {
            return UNSPECIFIED;
        }
        String text = header.strip();
        if (text.matches("[0-9]{1,30}(\\.[0-9]{0,30})?")) {
            long nanos = (long) (Double.parseDouble(text) * 1e9);
            return nanos == 0 ? UNSPECIFIED : bounded(Duration.ofNanos(nanos), text);
        }
        try {
            Instant until = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
            Duration left = Duration.between(Instant.now(), until); // a date can only be compared with the wall clock
            return left.isNegative() ? UNSPECIFIED : bounded(left, text);
        } catch (DateTimeParseException e) {
            return invalid(text);
        }
    }

    private static RetryAfter bounded(Duration value, String text) {
        return value.compareTo(MAX) > 0
                ? new RetryAfter(MAX.toNanos(), printable(text))
                : new RetryAfter(TimeUnit.NANOSECONDS.convert(value), null);
    }

    private static RetryAfter invalid(String text) {
        return new RetryAfter(DEFAULT.toNanos(), printable(text));
    }

    /** Makes the text safe to log: whoever controls a header must not control the log. */
    private static String printable(String text) {
        return text.substring(0, Math.min(text.length(), MAX_LOGGED_CHARACTERS)).replaceAll("[^ -~]", "?");
    }
}
