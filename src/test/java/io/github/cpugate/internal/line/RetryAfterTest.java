package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {

    @ParameterizedTest
    @CsvSource({"7, 7", " 20 , 20", "0.25, 0.25", "1., 1", "60, 60", "007, 7"})
    void aNumberIsReadAsSeconds(String header, double seconds) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(Math.round(seconds * 1e9), null));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  ", "0", "0.0", "Sun, 06 Nov 1994 08:49:37 GMT"})
    void anAbsentZeroOrPastValueCountsAsOneSecond(String header) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(1_000_000_000, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "-5", "1e9", "NaN", "Infinity", "5 s", "0x10", "Sun, 06 Nov", "{}", "1,5"})
    void garbageCountsAsOneSecondAndIsRejected(String header) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(1_000_000_000, header));
    }

    @ParameterizedTest
    @ValueSource(strings = {"61", "31536000", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"})
    void moreThanAMinuteCountsAsOneMinuteAndIsRejected(String header) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(60_000_000_000L, header));
    }

    @Test
    void aRejectedValueIsShortenedToOnePrintableLine() {
        assertThat(RetryAfter.of("9".repeat(1_000_000))).isEqualTo(new RetryAfter(1_000_000_000, "9".repeat(40)));
        assertThat(RetryAfter.of("5\r\nERROR ٣").rejected()).isEqualTo("5??ERROR ?");
    }

    @Test
    void aDateCountsAsTheTimeUntilThen() {
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(30));

        assertThat(Duration.ofNanos(RetryAfter.of(date).nanos()).toMillis()).isCloseTo(29_500, within(10_000L));
    }

    @Test
    void durationsHaveTheSameBounds() {
        assertThat(RetryAfter.of(Duration.ofMillis(250))).isEqualTo(new RetryAfter(250_000_000, null));
        assertThat(RetryAfter.of((Duration) null).nanos()).isEqualTo(1_000_000_000);
        assertThat(RetryAfter.of(Duration.ZERO)).isEqualTo(new RetryAfter(1_000_000_000, null));
        assertThat(RetryAfter.of(Duration.ofSeconds(Long.MIN_VALUE)).nanos()).isEqualTo(1_000_000_000);
        assertThat(RetryAfter.of(Duration.ofSeconds(Long.MAX_VALUE)).nanos()).isEqualTo(60_000_000_000L);
    }
}
