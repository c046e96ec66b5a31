package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests a governor whose sampler throws, returns invalid values, or hangs. */
class FaultySamplerTest {

    private static final Duration SHORT = Duration.ofMillis(1);

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private static AdaptiveCpuGate.Builder manual(CpuSampler sampler) {
        return AdaptiveCpuGate.builder().manual().maxSlots(8).initialSlots(4).sampler(sampler);
    }

    static List<CpuSampler> faultySamplers() {
        return List.of(
                () -> {
                    throw new IllegalStateException("sensor broke");
                },
                () -> {
                    throw new UnsatisfiedLinkError("sensor broke");
                },
                () -> {
                    throw new OutOfMemoryError("sensor broke");
                },
                () -> {
                    throw new MessageThrows();
                },
                () -> new CpuSample(-500, -500, Double.NaN, "host", Double.NaN, CpuSample.Health.OK, ""),
                () -> new CpuSample(50, Double.NaN, Double.NaN, "host", Double.NaN, CpuSample.Health.OK, ""),
                () -> CpuSample.of(Double.NaN),
                () -> CpuSample.of(-5),
                () -> CpuSample.of(250),
                CpuSampler.smoothing(() -> Double.NaN, 0.3),
                FaultySamplerTest::nullSample);
    }

    private static CpuSample nullSample() {
        return null;
    }

    @ParameterizedTest
    @MethodSource("faultySamplers")
    void aFaultySamplerHoldsTheLimitAndIsLoggedOnce(CpuSampler faulty) {
        try (AdaptiveCpuGate gate = manual(faulty).build()) {
            for (int i = 0; i < 50; i++) {
                StepReport step = gate.step();
                assertThat(step.reason()).isEqualTo(Reason.NO_READING);
                assertThat(step.limitAfter()).isEqualTo(4);
            }
            assertThat(gate.snapshot().cpu().isOk()).isFalse();
            assertThat(gate.snapshot().cpu().detail()).isNotEmpty();
            assertThat(gate.trySlot()).isPresent();
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("CPU sampler of gate");
        }
    }

    @ParameterizedTest
    @MethodSource("faultySamplers")
    void theGovernorThreadOutlivesAFaultySampler(CpuSampler faulty) {
        AtomicInteger steps = new AtomicInteger();
        AtomicReference<CpuSampler> sampler = new AtomicReference<>(faulty);
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(SHORT)
                .maxSlots(8)
                .initialSlots(4)
                .sampler(() -> sampler.get().sample())
                .listener(step -> steps.incrementAndGet())
                .build()) {
            Await.until("twenty faulty steps are made", () -> steps.get() >= 20);
            assertThat(gate.snapshot().limit()).isEqualTo(4);
            sampler.set(() -> CpuSample.of(95));
            Await.until(
                    "the limit falls to the floor once there are readings",
                    () -> gate.snapshot().limit() == 1);
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            assertThat(log.messagesAt(Level.WARN)).hasSize(1);
        }
    }

    @Test
    void theRecoveryOfASamplerIsLoggedOnce() {
        AtomicReference<CpuSample> sample = new AtomicReference<>(CpuSample.of(Double.NaN));
        try (AdaptiveCpuGate gate = manual(sample::get).name("flaky").build()) {
            gate.step();
            sample.set(CpuSample.of(60));
            for (int i = 0; i < 30; i++) {
                gate.step();
            }
            assertThat(log.messagesAt(Level.INFO)).containsExactly("the CPU sampler of gate 'flaky' works again");
            sample.set(CpuSample.of(Double.NaN));
            gate.step();
            assertThat(log.messagesAt(Level.WARN)).hasSize(2);
        }
    }

    @Test
    void aSamplerThatFailsOnAndOffIsLoggedThreeTimesAtMost() {
        for (int rhythm : new int[] {2, 3, 11, 25}) {
            AtomicInteger calls = new AtomicInteger();
            log.clear();
            try (AdaptiveCpuGate gate = manual(
                            () -> CpuSample.of(calls.incrementAndGet() % rhythm == 0 ? Double.NaN : 60))
                    .build()) {
                for (int i = 0; i < 2000; i++) {
                    gate.step();
                }
                assertThat(log.messagesAt(Level.WARN)).hasSizeBetween(1, 3);
            }
        }
    }

    @Test
    void withoutAReadingTheLastSmoothedValueIsReported() {
        AtomicReference<CpuSampler> sampler = new AtomicReference<>(() -> CpuSample.of(60, 55));
        try (AdaptiveCpuGate gate = manual(() -> sampler.get().sample()).build()) {
            gate.step();
            sampler.set(() -> {
                throw new IllegalStateException("sensor broke");
            });
            assertThat(gate.step().cpu().smoothed()).isEqualTo(55);
        }
    }

    @Test
    void aFirstReadThatOnlyPrimesIsNotAFault() {
        try (AdaptiveCpuGate gate =
                manual(CpuSampler.smoothing(() -> Double.NaN, 0.3)).build()) {
            assertThat(gate.step().reason()).isEqualTo(Reason.NO_READING);
            assertThat(log.messagesAt(Level.WARN)).isEmpty();
        }
    }

    @Test
    void aSamplerThatHangsDelaysNeitherCallersNorClose() throws InterruptedException {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch hung = new CountDownLatch(1);
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .sampler(() -> {
                    reading.countDown();
                    try {
                        hung.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError("the gate interrupts no foreign code", e);
                    }
                    return CpuSample.of(60);
                })
                .build()) {
            reading.await();
            gate.slot().close();
            assertThat(gate.snapshot().cpu().health()).isEqualTo(CpuSample.Health.STARTING);
            gate.close();
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
        } finally {
            hung.countDown();
        }
    }
}
