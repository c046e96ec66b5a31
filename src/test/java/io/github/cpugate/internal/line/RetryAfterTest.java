package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {

    @ParameterizedTest
    @CsvSource({"7, 7", " 20 , 20", "0.25, 0.25", ".5, 0.5", "34.07, 34.07", "1., 1", "60, 60", "007, 7"})
    void aNumberIsReadAsSeconds(String header, double seconds) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(Math.round(seconds * 1e9), null));
    }

    @ParameterizedTest
    @CsvSource({"34.07s, 34.07", "1s, 1", ".5s, 0.5", "120ms, 0.12", "0m30s, 30", "1m0s, 60", ".5m, 30", "1s500ms, 1.5"
    })
    void aDurationInUnitsIsRead(String header, double seconds) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(Math.round(seconds * 1e9), null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Thu, 01 Jan 2026 00:00:30 GMT", "Thursday, 01-Jan-26 00:00:30 GMT", "Thu Jan  1 00:00:30 2026"})
    void aDateInAnyFormOfHttpCountsAsTheTimeUntilThen(String header) {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");

        assertThat(RetryAfter.of(header, now)).isEqualTo(new RetryAfter(30_000_000_000L, null));
        assertThat(RetryAfter.of(header, now.plusSeconds(60)))
                .as("past")
                .isEqualTo(new RetryAfter(1_000_000_000, null));
    }

    @Test
    void twoDigitsOfAYearNeverMeanMoreThanFiftyYearsAhead() {
        Instant now = Instant.parse("2026-11-01T00:00:00Z");

        assertThat(RetryAfter.of("Sunday, 06-Nov-94 08:49:37 GMT", now).nanos()).isEqualTo(1_000_000_000);
        assertThat(RetryAfter.of("Saturday, 06-Nov-76 08:49:37 GMT", now))
                .as("fifty years ago")
                .isEqualTo(new RetryAfter(1_000_000_000, null));
        assertThat(RetryAfter.of("Friday, 01-Nov-75 00:00:00 GMT", now).nanos())
                .as("in 49 years")
                .isEqualTo(60_000_000_000L);
        assertThat(RetryAfter.of("Friday, 01-Jan-00 00:00:09 GMT", Instant.parse("2100-01-01T00:00:00Z")))
                .as("a new century")
                .isEqualTo(new RetryAfter(9_000_000_000L, null));
    }

    @Test
    void noTextMakesItThrowOrTakeLong() {
        Random random = new Random(1);
        String alphabet = "0123456789.,:-+ hmsGMTSunNov%$\u0663\0";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(70); length > 0; length--) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertThat(RetryAfter.of(text.toString()).nanos()).isBetween(1L, 60_000_000_000L);
        }
        assertThat(RetryAfter.of("1".repeat(63) + "x").nanos()).isEqualTo(1_000_000_000);
        assertThat(RetryAfter.of("1m".repeat(1_000_000)).nanos()).isEqualTo(1_000_000_000);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "  ", "0", "0.0", "0s", "0m0s", "Sun, 06 Nov 1994 08:49:37 GMT"})
    void anAbsentZeroOrPastValueCountsAsOneSecond(String header) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(1_000_000_000, null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "soon",
                "-5",
                "1e9",
                "NaN",
                "Infinity",
                "5 s",
                "0x10",
                "Sun, 06 Nov",
                "{}",
                "1,5",
                ".",
                "s",
                "ms",
                ".s",
                "5d",
                "1s1m",
                "1s1s",
                "6m30",
                "-1s",
                "1..5",
                "Sun Nov  6",
                "Sunday, 06-Nov-94",
                "1.2.3s"
            })
    void garbageCountsAsOneSecondAndIsRejected(String header) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(1_000_000_000, header));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "61",
                "6m0s",
                "1h",
                "1h0m0.5s",
                "60001ms",
                "31536000",
                "99999999999999999999999",
                "Fri, 31 Dec 9999 23:59:59 GMT"
            })
    void moreThanAMinuteCountsAsOneMinuteAndIsRejected(String header) {
        assertThat(RetryAfter.of(header)).isEqualTo(new RetryAfter(60_000_000_000L, header));
    }

    @Test
    void aRejectedValueIsShortened() {
        assertThat(RetryAfter.of("9".repeat(1_000_000))).isEqualTo(new RetryAfter(1_000_000_000, "9".repeat(40)));
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
