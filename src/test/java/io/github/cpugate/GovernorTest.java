package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the steps of a governor: one at a time, within bounds, through interrupts, and what its listeners may call. */
class GovernorTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private static AdaptiveCpuGate.Builder manual(CpuSampler sampler) {
        return AdaptiveCpuGate.builder().manual().maxSlots(8).initialSlots(4).sampler(sampler);
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
}
