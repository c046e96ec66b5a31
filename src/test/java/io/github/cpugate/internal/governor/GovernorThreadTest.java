package io.github.cpugate.internal.governor;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.internal.line.LineFixture;
import io.github.cpugate.internal.line.LineSlot;
import io.github.cpugate.internal.line.WaitingLine;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the threads of a gate: what runs on them, what must not be called on them, and when they end. */
class GovernorThreadTest {

    private static final long PATIENCE = Duration.ofMillis(100).toNanos();

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final WaitingLine line = LineFixture.line().limit(4).completer(null).build();
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final AtomicInteger hanging = new AtomicInteger();
    private Governor governor;

    @AfterEach
    void end() {
        letGo.countDown();
        if (governor != null) {
            governor.close();
            Await.until("all threads have ended", () -> threadsOf("hanging").isEmpty());
        }
    }

    private void hang() {
        hanging.incrementAndGet();
        try {
            letGo.await();
        } catch (InterruptedException e) {
            throw new AssertionError("the gate must not interrupt foreign code", e);
        }
    }

    private void governor(CpuSampler sampler, StepPolicy policy, GateListener... listeners) {
        governor = new Governor(
                "hanging", sampler, policy, line, List.of(listeners), System::nanoTime, 70, false, PATIENCE, null, 1);
    }

    @Test
    void theThreadsOfAGateInheritNothingAndKeepNoInterrupt() {
        InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
        inherited.set("secret");
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(new ClassLoader(before) {});
        Set<String> sampler = ConcurrentHashMap.newKeySet();
        Set<String> listener = ConcurrentHashMap.newKeySet();
        AtomicInteger steps = new AtomicInteger();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("own")
                .period(Duration.ofMillis(1))
                .sampler(() -> {
                    sampler.add(describe(inherited));
                    Thread.currentThread().interrupt(); // if it were kept, channel I/O of the next reading would fail
                    return CpuSample.of(60);
                })
                .listener(step -> {
                    listener.add(describe(inherited));
                    Thread.currentThread().interrupt();
                    steps.incrementAndGet();
                })
                .build()) {
            Await.until("three steps are reported", () -> steps.get() >= 3);
            assertThat(gate.snapshot().closed()).isFalse();
            assertThat(sampler).containsOnly("cpugate-governor-own true false null true");
            assertThat(listener).containsOnly("cpugate-dispatcher-own true false null true");
        } finally {
            Thread.currentThread().setContextClassLoader(before);
            inherited.remove();
        }
    }

    private static String describe(InheritableThreadLocal<String> inherited) {
        Thread thread = Thread.currentThread();
        return thread.getName() + " " + thread.isDaemon() + " " + thread.isInterrupted() + " " + inherited.get() + " "
                + (thread.getContextClassLoader() == AdaptiveCpuGate.class.getClassLoader());
    }

    @Test
    void aSamplerMustNotMakeAStep() {
        AtomicReference<AdaptiveCpuGate> self = new AtomicReference<>();
        CountDownLatch built = new CountDownLatch(1);
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("self")
                .sampler(() -> {
                    try {
                        built.await();
                        self.get().step();
                    } catch (Throwable t) {
                        refusal.set(t);
                    }
                    return CpuSample.of(60);
                })
                .build()) {
            self.set(gate);
            built.countDown();
            Await.until("step() has thrown", () -> refusal.get() != null);
            assertThat(refusal.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("gate 'self'");
            Await.until(
                    "the step of the gate is made", () -> gate.snapshot().cpu().isOk());
        }
    }

    @Test
    void aSamplerMustNotMakeAStepAfterItHung() {
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        governor(
                () -> {
                    if (hanging.get() == 0) {
                        hang();
                        try {
                            governor.step();
                        } catch (Throwable t) {
                            refusal.set(t);
                        }
                    }
                    return CpuSample.of(60);
                },
                StepPolicy.oneSlot());
        Caller<StepReport> first = Caller.start(governor::step);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        assertThat(governor.step().reason()).isEqualTo(Reason.NO_READING);
        letGo.countDown();
        assertThat(first.result()).isNotNull();
        assertThat(refusal.get()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aListenerOnTheDispatcherThreadMustNotMakeAStep() {
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        governor(() -> CpuSample.of(60), StepPolicy.oneSlot(), step -> {
            try {
                governor.step();
            } catch (Throwable t) {
                refusal.set(t);
            }
        });
        governor.step();
        Await.until("step() has thrown", () -> refusal.get() != null);
        assertThat(refusal.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("gate 'hanging'");
    }

    @Test
    void aManualStepRunsOnTheCallingThreadEvenIfTheGateIsClosed() {
        AtomicReference<Thread> sampledOn = new AtomicReference<>();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofDays(1))
                .sampler(() -> {
                    sampledOn.set(Thread.currentThread());
                    return CpuSample.of(60);
                })
                .build();
        Await.until("the first step is made", () -> gate.snapshot().cpu().isOk());
        gate.step();
        assertThat(sampledOn).hasValue(Thread.currentThread());
        gate.close();
        sampledOn.set(null);
        gate.step();
        assertThat(sampledOn).hasValue(Thread.currentThread());
    }

    @Test
    void closeEndsTheThreadsOfTheGate() {
        log.setLevel(Level.WARN); // at DEBUG each step is logged, which needs the thread of the log
        AtomicReference<Thread> dispatcher = new AtomicReference<>();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("ending")
                .period(Duration.ofDays(1))
                .sampler(() -> CpuSample.of(60))
                .listener(step -> dispatcher.set(Thread.currentThread()))
                .build();
        Await.until("the first step is made at once", () -> dispatcher.get() != null);
        List<Thread> threads = threadsOf("ending");
        assertThat(threads)
                .extracting(Thread::getName)
                .containsExactlyInAnyOrder(
                        "cpugate-governor-ending", "cpugate-watch-ending", "cpugate-dispatcher-ending");
        assertThat(threads).allMatch(Thread::isDaemon);
        threads.forEach(Await::parked);

        gate.close();
        Await.until("all threads of the gate have ended", () -> threads.stream().noneMatch(Thread::isAlive));
    }

    @Test
    void aGateWithoutListenersNeedsNoDispatcherThread() {
        log.setLevel(Level.WARN); // at DEBUG each step is logged, which needs the thread of the log
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("lone")
                .period(Duration.ofMillis(1))
                .sampler(() -> CpuSample.of(60))
                .build()) {
            Await.until("a step is made", () -> gate.snapshot().cpu().isOk());
            assertThat(threadsOf("lone"))
                    .extracting(Thread::getName)
                    .containsExactlyInAnyOrder("cpugate-governor-lone", "cpugate-watch-lone");
        }
    }

    @Test
    void gatesClosedRightAfterTheyAreBuiltLeaveNoThread() {
        for (int i = 0; i < 200; i++) {
            AdaptiveCpuGate.builder()
                    .name("brief")
                    .sampler(() -> CpuSample.of(60))
                    .build()
                    .close();
        }
        Await.until("all threads have ended", () -> threadsOf("brief").isEmpty());
    }

    @Test
    void aDroppedGateIsGovernedWhileASessionBacksOff() throws InterruptedException {
        governor(() -> CpuSample.of(60), StepPolicy.oneSlot());
        LineSlot slot = LineFixture.take(line);
        slot.rateLimited(Duration.ofMinutes(1));
        slot.pause();
        CompletableFuture<Slot> back = slot.resumeAsync();
        assertThat(governor.isIdle()).isFalse();
        back.cancel(false);
        assertThat(governor.isIdle()).as("it may be resumed again").isFalse();
        slot.close();
        assertThat(governor.isIdle()).isTrue();
    }

    static List<Thread> threadsOf(String gate) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().endsWith("-" + gate))
                .toList();
    }
}
