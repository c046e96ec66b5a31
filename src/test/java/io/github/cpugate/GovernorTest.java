package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests a governor with faulty parts, in steps of the test and of its own thread. */
class GovernorTest {

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
                GovernorTest::nullSample);
    }

    /** An exception whose message cannot be read. */
    private static final class MessageThrows extends RuntimeException {

        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new MessageThrows();
        }
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
    void theRecoveryOfAPolicyAndOfAListenerIsLogged() {
        AtomicBoolean broken = new AtomicBoolean(true);
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("flaky")
                .sampler(() -> CpuSample.of(60))
                .policy(seen -> broken.get() ? null : seen.hold(Reason.IN_BAND))
                .listener(step -> {
                    if (broken.get()) {
                        throw new IllegalStateException("listener broke");
                    }
                })
                .build()) {
            gate.step();
            broken.set(false);
            for (int i = 0; i < 10; i++) {
                assertThat(log.messagesAt(Level.INFO)).isEmpty();
                gate.step();
            }
            assertThat(log.messagesAt(Level.INFO))
                    .containsExactlyInAnyOrder(
                            "the policy of gate 'flaky' works again", "a listener of gate 'flaky' works again");
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
    void aPolicyThatThrowsHoldsTheLimitAndIsLoggedOnce() {
        AtomicInteger asked = new AtomicInteger();
        StepPolicy faulty = seen -> {
            if (asked.incrementAndGet() % 2 == 0) {
                throw new AssertionError("policy broke");
            }
            return seen.hold(Reason.IN_BAND);
        };
        try (AdaptiveCpuGate gate =
                manual(() -> CpuSample.of(95)).policy(faulty).build()) {
            gate.step();
            assertThat(gate.step().reason()).isEqualTo(Reason.POLICY_FAILED);
            assertThat(gate.step().reason()).isEqualTo(Reason.IN_BAND);
            assertThat(gate.step().limitAfter()).isEqualTo(4);
            assertThat(log.messagesAt(Level.WARN))
                    .singleElement()
                    .asString()
                    .contains("policy of gate", "policy broke");
        }
    }

    @Test
    void aPolicyThatReturnsNoDecisionHoldsTheLimit() {
        try (AdaptiveCpuGate gate =
                manual(() -> CpuSample.of(95)).policy(seen -> null).build()) {
            assertThat(gate.step().reason()).isEqualTo(Reason.POLICY_FAILED);
        }
        try (AdaptiveCpuGate gate = manual(() -> CpuSample.of(95))
                .policy(seen -> new Decision(7, null))
                .build()) {
            assertThat(gate.step().limitAfter()).isEqualTo(4);
        }
    }

    @Test
    void aPolicyCannotMoveTheLimitOutOfItsBounds() {
        int[] wanted = {Integer.MIN_VALUE};
        try (AdaptiveCpuGate gate = manual(() -> CpuSample.of(95))
                .policy(seen -> new Decision(wanted[0], Reason.IN_BAND))
                .build()) {
            assertThat(gate.step()).returns(1, StepReport::limitAfter).returns(Reason.IN_BAND, StepReport::reason);
            assertThat(gate.step()).returns(1, StepReport::limitAfter).returns(Reason.AT_FLOOR, StepReport::reason);
            wanted[0] = Integer.MAX_VALUE;
            assertThat(gate.step()).returns(8, StepReport::limitAfter).returns(Reason.IN_BAND, StepReport::reason);
            assertThat(gate.step()).returns(8, StepReport::limitAfter).returns(Reason.AT_CEILING, StepReport::reason);
        }
    }

    @Test
    void anExceptionWithoutAReadableMessageIsHandled() {
        List<StepReport> reports = new ArrayList<>();
        try (AdaptiveCpuGate gate = manual(() -> CpuSample.of(95))
                .policy(seen -> {
                    throw new MessageThrows();
                })
                .listener(step -> {
                    throw new MessageThrows();
                })
                .listener(reports::add)
                .build()) {
            assertThat(gate.step().reason()).isEqualTo(Reason.POLICY_FAILED);
            assertThat(reports).hasSize(1);
        }
    }

    @Test
    void aLogThatThrowsAffectsNeitherStepsNorListeners() {
        List<StepReport> reports = new ArrayList<>();
        try (AdaptiveCpuGate gate =
                manual(() -> CpuSample.of(95)).listener(reports::add).build()) {
            log.breakFor(Level.INFO);
            assertThat(gate.step().limitAfter()).isEqualTo(3);
            assertThat(reports).hasSize(1);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("log of gate", "log broke");
        }
    }

    @Test
    void stepsAreMadeOneAtATime() throws InterruptedException {
        CountDownLatch inListener = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger inside = new AtomicInteger();
        List<Integer> insideAtOnce = Collections.synchronizedList(new ArrayList<>());
        try (AdaptiveCpuGate gate = manual(() -> CpuSample.of(60))
                .listener(step -> {
                    insideAtOnce.add(inside.incrementAndGet());
                    inListener.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    inside.decrementAndGet();
                })
                .build()) {
            Caller<StepReport> first = Caller.start(gate::step);
            inListener.await();
            Caller<StepReport> second = Caller.start(gate::step);
            Await.parked(second.thread());
            gate.slot().close();
            assertThat(gate.snapshot().limit())
                    .as("callers do not wait for a step")
                    .isEqualTo(4);
            goOn.countDown();
            assertThat(first.result()).isNotNull();
            assertThat(second.result()).isNotNull();
            assertThat(insideAtOnce).containsExactly(1, 1);
        }
    }

    @Test
    void laterChangesToABuilderDoNotAffectItsGates() {
        List<StepReport> reports = new ArrayList<>();
        AdaptiveCpuGate.Builder builder = manual(() -> CpuSample.of(60));
        try (AdaptiveCpuGate gate = builder.build()) {
            builder.listener(reports::add).targetCpu(10);
            assertThat(gate.step().reason()).isEqualTo(Reason.IN_BAND);
            assertThat(reports).isEmpty();
        }
    }

    @Test
    void aStepReportsBoundsThatChangeDuringTheStep() {
        AtomicReference<AdaptiveCpuGate> self = new AtomicReference<>();
        AdaptiveCpuGate gate = manual(() -> CpuSample.of(60))
                .policy(seen -> {
                    self.get().setSlots(1, 2);
                    self.get().setSlots(1, 16);
                    return seen.hold(Reason.IN_BAND);
                })
                .build();
        self.set(gate);

        StepReport step = gate.step();
        assertThat(step.reason()).isEqualTo(Reason.IN_BAND);
        assertThat(step.limitChanged())
                .as("a decision to hold does not undo the new bounds")
                .isFalse();
        assertThat(step.limitAfter()).isEqualTo(2).isEqualTo(gate.snapshot().limit());
        assertThat(step.maxSlots()).isEqualTo(16);
    }

    @Test
    void aListenerThatThrowsAffectsNeitherStepsNorOtherListeners() {
        List<StepReport> reports = new ArrayList<>();
        try (AdaptiveCpuGate gate = manual(() -> CpuSample.of(95))
                .listener(step -> {
                    throw new LinkageError("listener broke");
                })
                .listener(reports::add)
                .build()) {
            StepReport first = gate.step();
            StepReport second = gate.step();
            assertThat(reports).containsExactly(first, second);
            assertThat(second.limitAfter()).isEqualTo(2);
            assertThat(log.messagesAt(Level.WARN))
                    .singleElement()
                    .asString()
                    .contains("listener of gate", "listener broke");
        }
    }

    @Test
    void aListenerMayReadTheGateSetItsTargetAndCloseIt() {
        AtomicReference<AdaptiveCpuGate> self = new AtomicReference<>();
        AdaptiveCpuGate gate = manual(() -> CpuSample.of(95))
                .listener(step -> {
                    assertThat(self.get().snapshot().limit()).isEqualTo(step.limitAfter());
                    self.get().setTargetCpu(99);
                    self.get().close();
                })
                .build();
        self.set(gate);

        gate.step();
        assertThat(gate.snapshot().closed()).isTrue();
        assertThat(gate.snapshot().targetCpu()).isEqualTo(99);
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aStepInsideAStepIsRejected() {
        AtomicReference<AdaptiveCpuGate> self = new AtomicReference<>();
        AdaptiveCpuGate gate = manual(() -> CpuSample.of(60))
                .name("self")
                .listener(step -> assertThatIllegalStateException()
                        .isThrownBy(() -> self.get().step())
                        .withMessageContaining("gate 'self'"))
                .build();
        self.set(gate);

        gate.step();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void interruptsNeitherEndNorHastenNorDisturbTheGovernor() {
        AtomicInteger steps = new AtomicInteger();
        AtomicReference<Thread> governor = new AtomicReference<>();
        long start = System.nanoTime();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofMillis(50))
                .sampler(() -> CpuSample.of(60))
                .listener(step -> {
                    governor.set(Thread.currentThread());
                    Thread.currentThread().interrupt();
                    steps.incrementAndGet();
                })
                .build()) {
            Await.until("the first step is made", () -> steps.get() >= 1);
            Await.until("more steps are made despite the interrupts", () -> {
                governor.get().interrupt();
                return steps.get() >= 5;
            });
            assertThat(System.nanoTime() - start)
                    .as("four periods")
                    .isGreaterThanOrEqualTo(Duration.ofMillis(4 * 50).toNanos());
            assertThat(log.messagesAt(Level.WARN)).isEmpty();
            assertThat(gate.snapshot().closed()).isFalse();
        }
    }

    @Test
    void aClockThatThrowsDoesNotEndTheGovernor() {
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger steps = new AtomicInteger();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(SHORT)
                .sampler(() -> CpuSample.of(60))
                .nanoClock(() -> {
                    if (reads.incrementAndGet() == 10) {
                        throw new IllegalStateException("clock broke");
                    }
                    return System.nanoTime();
                })
                .listener(step -> steps.incrementAndGet())
                .build()) {
            Await.until("steps go on", () -> steps.get() >= 20);
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            assertThat(log.messagesAt(Level.WARN))
                    .singleElement()
                    .asString()
                    .contains("governor of gate", "clock broke");
            assertThat(gate.snapshot().closed()).isFalse();
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
