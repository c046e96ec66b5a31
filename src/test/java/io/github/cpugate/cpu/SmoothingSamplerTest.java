package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.cpu.CpuSample.Health;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmoothingSamplerTest {

    private final Deque<Double> readings = new ArrayDeque<>();
    private final CpuSampler sampler = CpuSampler.smoothing(readings::remove, 0.3);

    @Test
    void theFirstValidReadingPrimesTheAverage() {
        readings.addAll(List.of(Double.NaN, 60.0));

        assertThat(sampler.sample().health()).isEqualTo(Health.STARTING);
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(60, 60));
    }

    @Test
    void theDefaultWeightIsThatOfTheDocs() {
        assertThat(SmoothingSampler.DEFAULT_ALPHA).isEqualTo(0.3);
    }

    @Test
    void weighsTheNewReadingWithAlpha() {
        readings.addAll(List.of(60.0, 100.0, 0.0));

        sampler.sample();
        assertThat(sampler.sample().smoothed()).isEqualTo(72, within(1e-9));
        assertThat(sampler.sample().smoothed()).isEqualTo(50.4, within(1e-9));
    }

    @Test
    void alphaOneDoesNotSmooth() {
        CpuSampler raw = CpuSampler.smoothing(readings::remove, 1);
        readings.addAll(List.of(10.0, 90.0));

        raw.sample();
        assertThat(raw.sample().smoothed()).isEqualTo(90);
    }

    @Test
    void aConstantReadingStaysThatConstant() {
        for (int i = 0; i < 1000; i++) {
            readings.add(100.0);
            assertThat(sampler.sample()).isEqualTo(CpuSample.of(100, 100));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, -1, 101, Double.POSITIVE_INFINITY})
    void whatIsNoPercentageNeverEntersTheAverage(double fault) {
        readings.addAll(List.of(40.0, fault, 40.0));

        sampler.sample();
        CpuSample faulty = sampler.sample();
        assertThat(faulty.isOk()).isFalse();
        assertThat(faulty.smoothed()).as("the last value known").isEqualTo(40);
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(40, 40));
    }

    @Test
    void onlyTheFirstReadMayLackAReadingWithoutBeingAFault() {
        readings.addAll(List.of(Double.NaN, Double.NaN));

        assertThat(sampler.sample().health()).isEqualTo(Health.STARTING);
        assertThat(sampler.sample().health()).isEqualTo(Health.NO_READING);
    }

    @Test
    void whatTheSourceThrowsPassesAndLeavesTheAverageAlone() {
        readings.add(40.0);
        sampler.sample();
        assertThatThrownBy(sampler::sample).isInstanceOf(java.util.NoSuchElementException.class);
        readings.add(40.0);
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(40, 40));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.1, Double.NaN})
    void refusesAnAlphaOutOfRange(double alpha) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CpuSampler.smoothing(() -> 50, alpha))
                .withMessage("alpha must be in (0, 1], was " + alpha);
    }
}
