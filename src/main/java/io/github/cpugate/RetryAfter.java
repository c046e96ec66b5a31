package io.github.cpugate;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long a service that refused wants to be left alone (RFC 9110, section 10.2.3), within bounds.
 *
 * <p>It comes from outside, so nothing is thrown: nothing, and nonsense, count as {@link #LEAST}, and what would keep a
 * session waiting for longer than {@link #MOST} as that.
 *
 * @param nanos the time, bounded
 * @param oddity what the service said, if that was not believed; else null
 */
record RetryAfter(long nanos, @Nullable String oddity) {

    /** What is waited for a service that does not say. */
    static final Duration LEAST = Duration.ofSeconds(1);

    static final Duration MOST = Duration.ofSeconds(60);

    private static final int MOST_PRINTED = 40; // characters

    private static final RetryAfter NOT_TOLD = new RetryAfter(LEAST.toNanos(), null);

    /** As a caller understood it; null if the service did not say. */
    static RetryAfter of(@Nullable Duration told) {
        if (told == null || told.isZero()) {
            return NOT_TOLD;
        }
        return told.isNegative() ? nonsense(told.toString()) : atMost(told, told.toString());
    }

    /** The header's text, seconds or a date; null if there was none. */
    static RetryAfter of(@Nullable String header) {
        if (header == null || header.isBlank()) {
            return NOT_TOLD;
        }
        String text = header.strip();
        if (text.matches("[0-9]{1,30}(\\.[0-9]{0,30})?")) {
            long nanos = (long) (Double.parseDouble(text) * 1e9);
            return nanos == 0 ? NOT_TOLD : atMost(Duration.ofNanos(nanos), text);
        }
        try {
            Instant until = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
            Duration left = Duration.between(Instant.now(), until); // the wall clock's: a date tells nothing else
            return left.isNegative() ? NOT_TOLD : atMost(left, text);
        } catch (DateTimeParseException e) {
            return nonsense(text);
        }
    }

    private static RetryAfter atMost(Duration told, String as) {
        return told.compareTo(MOST) > 0
                ? new RetryAfter(MOST.toNanos(), printable(as))
                : new RetryAfter(TimeUnit.NANOSECONDS.convert(told), null);
    }

    private static RetryAfter nonsense(String as) {
        return new RetryAfter(LEAST.toNanos(), printable(as));
    }

    /** For the log: whoever writes to a header is not to write to that. */
    private static String printable(String as) {
        return as.substring(0, Math.min(as.length(), MOST_PRINTED)).replaceAll("[^ -~]", "?");
    }
}
