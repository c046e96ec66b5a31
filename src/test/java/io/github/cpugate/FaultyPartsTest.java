package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests a governor whose policy, listener, log or clock throws or returns nothing. */
class FaultyPartsTest {

    private static final Duration SHORT = Duration.ofMillis(1);

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private static AdaptiveCpuGate.Builder manual(CpuSampler sampler) {
        return AdaptiveCpuGate.builder().manual().maxSlots(8).initialSlots(4).sampler(sampler);
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
}
