package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How long a service that refused asks clients to back off (RFC 9110, section 10.2.3), within bounds.
 *
 * <p>The value comes from outside, so no factory throws: a missing or invalid value counts as {@link #DEFAULT}, and a
 * value above {@link #MAX} as {@code MAX}. {@link Slot#rateLimitedFor} lists the texts that are understood.
 *
 * @param nanos the time, within the bounds
 * @param rejected the service's value if it was not accepted as it is, shortened but otherwise as sent, else null
 */
public record RetryAfter(long nanos, @Nullable String rejected) {

    /** How long a session backs off if the service does not say. */
    public static final Duration DEFAULT = Duration.ofSeconds(1);

    public static final Duration MAX = Duration.ofSeconds(60);

    private static final int MAX_LOGGED_CHARACTERS = 40;

    /** A longer text is invalid, so that a huge one costs nothing. The longest HTTP-date has 33 characters. */
    private static final int MAX_CHARACTERS = 64;

    private static final RetryAfter UNSPECIFIED = new RetryAfter(DEFAULT.toNanos(), null);

    // The quantifiers are possessive: a match never goes back.
    private static final String DIGITS = "([0-9]++\\.?+[0-9]*+|\\.[0-9]++)";
    private static final Pattern NUMBER = Pattern.compile(DIGITS);
    private static final Pattern UNITS =
            Pattern.compile("(?:%1$sh)?+(?:%1$sm(?!s))?+(?:%1$ss)?+(?:%1$sms)?+".formatted(DIGITS));
    private static final double[] UNIT_NANOS = {3600e9, 60e9, 1e9, 1e6};

    /** From a duration that the caller has parsed; null if the service did not say. */
    static RetryAfter of(@Nullable Duration value) {
        if (value == null || value.isZero()) {
            return UNSPECIFIED;
        }
        return value.isNegative() ? invalid(value.toString()) : bounded(value, value.toString());
    }

    /** From the header's text, a duration or a date; null if there was none. */
    static RetryAfter of(@Nullable String header) {
        return of(header, Instant.now()); // a date can only be compared with the wall clock
    }

    static RetryAfter of(@Nullable String header, Instant now) {
        if (header == null || header.isBlank()) {
            return UNSPECIFIED;
        }
        String text = header.strip();
        if (text.length() > MAX_CHARACTERS) {
            return invalid(text);
        }
        try {
            Matcher units = UNITS.matcher(NUMBER.matcher(text).matches() ? text + "s" : text);
            Duration value = units.matches() ? sum(units) : Duration.between(now, httpDate(text, now));
            return value.isNegative() || value.isZero() ? UNSPECIFIED : bounded(value, text);
        } catch (DateTimeException e) {
            return invalid(text);
        }
    }

    private static Duration sum(Matcher units) {
        double nanos = 0;
        for (int i = 0; i < UNIT_NANOS.length; i++) {
            String number = units.group(i + 1);
            nanos += number == null ? 0 : Double.parseDouble(number) * UNIT_NANOS[i];
        }
        return Duration.ofNanos(Math.round(nanos)); // at most the highest long
    }

    /**
     * Reads an HTTP-date in any of its three forms (RFC 9110, section 5.6.7). A year of two digits is one of the
     * hundred that began 50 years ago, so that no date is more than 50 years ahead.
     */
    private static Instant httpDate(String text, Instant now) {
        int firstYear = now.atOffset(ZoneOffset.UTC).getYear() - 50; // the first one that two digits can mean
        return new DateTimeFormatterBuilder()
                .appendOptional(DateTimeFormatter.RFC_1123_DATE_TIME)
                .optionalStart() // RFC 850
                .appendPattern("EEEE, dd-MMM-")
                .appendValueReduced(ChronoField.YEAR, 2, 2, firstYear)
                .appendPattern(" HH:mm:ss 'GMT'")
                .optionalEnd()
                .appendPattern("[EEE MMM ppd HH:mm:ss uuuu]") // asctime
                .toFormatter(Locale.US)
                .withZone(ZoneOffset.UTC)
                .parse(text, Instant::from);
    }

    private static RetryAfter bounded(Duration value, String text) {
        return value.compareTo(MAX) > 0
                ? new RetryAfter(MAX.toNanos(), shortened(text))
                : new RetryAfter(TimeUnit.NANOSECONDS.convert(value), null);
    }

    private static RetryAfter invalid(String text) {
        return new RetryAfter(DEFAULT.toNanos(), shortened(text));
    }

    /** Whoever controls a header must not fill the log. */
    private static String shortened(String text) {
        return text.substring(0, Math.min(text.length(), MAX_LOGGED_CHARACTERS));
    }
}
