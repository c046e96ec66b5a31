package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample.Health;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuSampleTest {

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 70, 100})
    void aPercentageMakesAnOkSample(double percent) {
        CpuSample sample = CpuSample.of(percent);

        assertThat(sample.isOk()).isTrue();
        assertThat(sample.raw()).isEqualTo(percent);
        assertThat(sample.smoothed()).isEqualTo(percent);
        assertThat(sample.detail()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 100.1, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void aValueThatIsNotAPercentageFailsAndIsNamed(double value) {
        assertThat(CpuSample.of(value).health()).isEqualTo(Health.FAILING);
        assertThat(CpuSample.of(value).detail()).contains(Double.toString(value));
        assertThat(CpuSample.of(50, value).health()).isEqualTo(Health.FAILING);
        assertThat(CpuSample.of(50, value).detail()).contains(Double.toString(value));
    }

    @Test
    void nanCountsAsNoReading() {
        assertThat(CpuSample.of(Double.NaN).health()).isEqualTo(Health.NO_READING);
        assertThat(CpuSample.of(50, Double.NaN).health()).isEqualTo(Health.NO_READING);
    }

    @Test
    void aFailedSampleNamesItsCauseAndKeepsTheLastSmoothedValue() {
        CpuSample sample = CpuSample.failed(new UnsatisfiedLinkError("no jna"), 42);

        assertThat(sample.health()).isEqualTo(Health.FAILING);
        assertThat(sample.detail()).contains("UnsatisfiedLinkError", "no jna");
        assertThat(sample.raw()).isNaN();
        assertThat(sample.smoothed()).isEqualTo(42);
    }

    @Test
    void aCauseWhoseToStringThrowsIsNamedByItsClass() {
        CpuSample sample = CpuSample.failed(
                new IllegalStateException() {
                    @Override
                    public String getMessage() {
                        throw new AssertionError("no name");
                    }
                },
                42);

        assertThat(sample.detail()).contains("CpuSampleTest");
    }

    @ParameterizedTest
    @CsvSource({"30, 30, 50", "90, 90, 0", "250, 100, 0", "-1, NaN, NaN", "NaN, NaN, NaN"})
    void theOwnCpuNeverMakesASampleUnusable(double reported, Double own, Double others) {
        CpuSample sample = CpuSample.of(new CpuReading(80, reported, 0, "host", 2), 75);

        assertThat(sample.isOk()).isTrue();
        assertThat(sample.own()).isEqualTo(own);
        assertThat(sample.others()).as("never below zero").isEqualTo(others);
    }

    @Test
    void theConstructorDowngradesOkIfTheValuesAreInvalid() {
        assertThat(new CpuSample(-500, 50, Double.NaN, "host", 2, Health.OK, "").health())
                .isEqualTo(Health.FAILING);
        assertThat(new CpuSample(50, Double.NaN, Double.NaN, "host", 2, Health.OK, "").health())
                .isEqualTo(Health.NO_READING);
    }

    @Test
    void aSampleOfAReadingHasItsScope() {
        CpuReading reading = new CpuReading(80, 40, 0, "cgroup /a (0.5 cores)", 0.5);

        assertThat(CpuSample.of(reading, 75).scope()).isEqualTo("cgroup /a (0.5 cores)");
        assertThat(CpuSample.of(80).scope()).isEqualTo("host");
        assertThat(CpuSample.of(80).own()).isNaN();
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "100, 100", "-1, NaN", "101, NaN", "NaN, NaN"})
    void aThrottledShareThatIsNoPercentageIsUnknown(double reported, Double throttled) {
        CpuSample sample = CpuSample.of(CpuReading.of(50).withThrottled(reported), 50);

        assertThat(sample.throttled()).isEqualTo(throttled);
        assertThat(sample.isOk()).isTrue();
    }
}
