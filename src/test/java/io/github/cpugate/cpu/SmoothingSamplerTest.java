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
    void theDefaultWeightIsTheDocumentedOne() {
        assertThat(SmoothingSampler.DEFAULT_ALPHA).isEqualTo(0.3);
    }

    @Test
    void theNewReadingIsWeightedByAlpha() {
        readings.addAll(List.of(60.0, 100.0, 0.0));

        sampler.sample();
        assertThat(sampler.sample().smoothed()).isEqualTo(72, within(1e-9));
        assertThat(sampler.sample().smoothed()).isEqualTo(50.4, within(1e-9));
    }

    @Test
    void anAlphaOfOneDisablesSmoothing() {
        CpuSampler raw = CpuSampler.smoothing(readings::remove, 1);
        readings.addAll(List.of(10.0, 90.0));

        raw.sample();
        assertThat(raw.sample().smoothed()).isEqualTo(90);
    }

    @Test
    void constantReadingsKeepTheAverageConstant() {
        for (int i = 0; i < 1000; i++) {
            readings.add(100.0);
            assertThat(sampler.sample()).isEqualTo(CpuSample.of(100, 100));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, -1, 101, Double.POSITIVE_INFINITY})
    void aValueThatIsNotAPercentageNeverEntersTheAverage(double fault) {
        readings.addAll(List.of(40.0, fault, 40.0));

        sampler.sample();
        CpuSample faulty = sampler.sample();
        assertThat(faulty.isOk()).isFalse();
        assertThat(faulty.smoothed()).as("the last known value").isEqualTo(40);
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(40, 40));
    }

    @Test
    void onlyTheFirstMissingReadingCountsAsStarting() {
        readings.addAll(List.of(Double.NaN, Double.NaN));

        assertThat(sampler.sample().health()).isEqualTo(Health.STARTING);
        assertThat(sampler.sample().health()).isEqualTo(Health.NO_READING);
    }

    @Test
    void anExceptionOfTheSourcePropagatesAndKeepsTheAverage() {
        readings.add(40.0);
        sampler.sample();
        assertThatThrownBy(sampler::sample).isInstanceOf(java.util.NoSuchElementException.class);
        readings.add(40.0);
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(40, 40));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.1, Double.NaN})
    void anAlphaOutOfRangeIsRejected(double alpha) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CpuSampler.smoothing(() -> 50, alpha))
                .withMessage("alpha must be in (0, 1], was " + alpha);
    }

    private final Deque<Long> spans = new ArrayDeque<>();
    private final CpuSampler spanning = CpuSampler.smoothing(
            new CpuSource() {
                @Override
                public double read() {
                    throw new AssertionError("a sampler calls reading() instead");
                }

                @Override
                public CpuReading reading() {
                    return new CpuReading(readings.remove(), Double.NaN, spans.remove(), "host", 2);
                }
            },
            0.3);

    private double smoothed(double percent, long span) {
        readings.add(percent);
        spans.add(span);
        return spanning.sample().smoothed();
    }

    @Test
    void aReadingOfThreeTimesTheUsualSpanWeighsAsMuchAsThree() {
        for (int i = 0; i < 3; i++) {
            assertThat(smoothed(0, 2000)).isZero();
        }
        double after = 0;
        for (int i = 0; i < 3; i++) {
            after += 0.3 * (100 - after);
        }

        assertThat(smoothed(100, 6000)).isEqualTo(after, within(1e-9));
    }

    @Test
    void aReadingOfHalfTheUsualSpanWeighsLess() {
        smoothed(0, 2000);

        double first = smoothed(100, 1000);
        assertThat(first).isLessThan(30);
        assertThat(first + (1 - Math.sqrt(0.7)) * (100 - first))
                .as("two halves are a whole")
                .isEqualTo(30, within(1e-9));
    }

    @Test
    void aReadingAfterALongGapReplacesTheAverage() {
        smoothed(0, 2000);

        assertThat(smoothed(100, 2000 * 100)).isEqualTo(100, within(1e-9));
    }

    @Test
    void oneUnusualSpanKeepsTheUsualSpanAndANewPeriodChangesIt() {
        for (int i = 0; i < 5; i++) {
            smoothed(0, 2000);
        }
        smoothed(0, 2000 * 100);
        assertThat(smoothed(100, 2000)).as("the usual span is still 2 s").isEqualTo(30, within(1e-9));
        for (int i = 0; i < 3; i++) {
            smoothed(0, 500);
        }
        double before = smoothed(0, 500);
        assertThat(smoothed(100, 500))
                .as("the usual span is now 0.5 s")
                .isEqualTo(before + 0.3 * (100 - before), within(1e-9));
    }

    @Test
    void theUsualSpanIsTheMedianWhateverTheOrder() {
        smoothed(0, 2000);
        smoothed(0, 2000 * 100);
        smoothed(0, 2000);
        assertThat(smoothed(100, 2000)).isEqualTo(30, within(1e-9));
    }

    @Test
    void aReadingOfNoKnownSpanWeighsAlphaAndIsNoUsualSpan() {
        smoothed(0, 2000);
        for (int i = 0; i < 5; i++) {
            smoothed(0, 0);
        }
        double before = smoothed(100, 0);
        assertThat(before).isEqualTo(30, within(1e-9));
        assertThat(smoothed(100, 2000)).isEqualTo(before + 0.3 * (100 - before), within(1e-9));
    }
}
