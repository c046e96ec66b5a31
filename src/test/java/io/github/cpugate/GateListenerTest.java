package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what listeners receive about waits, and about the start and the end of the gate. */
class GateListenerTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final List<String> events = new CopyOnWriteArrayList<>();

    /** Records each event, and whether a wait ended on another thread than it began on. */
    private final GateListener listener = new GateListener() {
        @Override
        public void onStep(StepReport step) {
            events.add("step");
        }

        @Override
        public Wait onWait() {
            Thread began = Thread.currentThread();
            events.add("began");
            return outcome -> events.add(outcome + (Thread.currentThread() == began ? "" : " elsewhere"));
        }

        @Override
        public void onClose() {
            events.add("closed");
        }
    };

    private final AdaptiveCpuGate gate = gate(listener);
    private Slot held;

    private static AdaptiveCpuGate gate(GateListener listener) {
        return AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(1)
                .sampler(() -> CpuSample.of(60))
                .listener(listener)
                .build();
    }

    @BeforeEach
    void fill() throws InterruptedException {
        held = gate.slot();
        assertThat(events)
                .as("a caller that receives a slot at once does not wait")
                .isEmpty();
    }

    @AfterEach
    void end() {
        held.close();
        gate.close();
    }

    private void awaitOneInLine() {
        Await.until("one caller is in line", () -> gate.snapshot().waiting() == 1);
    }

    @Test
    void theWaitOfAThreadThatReceivesASlotEndsAdmitted() {
        Caller<Slot> caller = Caller.start(gate::slot);
        awaitOneInLine();
        held.close();
        caller.result().close();
        assertThat(events).containsExactly("began", "ADMITTED");
    }

    @Test
    void theWaitOfAThreadThatTimesOutEndsTimedOut() throws InterruptedException {
        assertThat(gate.trySlot(Duration.ofMillis(1))).isEmpty();
        assertThat(events).containsExactly("began", "TIMED_OUT");
        assertThat(gate.snapshot().timedOut()).isEqualTo(1);
    }

    @Test
    void aCallerThatDoesNotWaitIsNotReported() throws InterruptedException {
        assertThat(gate.trySlot()).isEmpty();
        assertThat(gate.trySlot(Duration.ZERO)).isEmpty();
        assertThat(events).isEmpty();
        assertThat(gate.snapshot().timedOut()).isZero();
    }

    @Test
    void theWaitOfAnInterruptedThreadEndsInterrupted() {
        Caller<Optional<Slot>> caller = Caller.start(() -> gate.trySlot(Duration.ofDays(1)));
        awaitOneInLine();
        caller.thread().interrupt();
        assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
        assertThat(events).containsExactly("began", "INTERRUPTED");
        assertThat(gate.snapshot().timedOut()).isZero();
    }

    @Test
    void theWaitOfAThreadEndsClosedWhenTheGateIsClosed() {
        Caller<Slot> caller = Caller.start(gate::slot);
        awaitOneInLine();
        Await.until("the wait is reported", () -> events.contains("began"));
        gate.close();
        assertThat(caller.failure()).isInstanceOf(GateClosedException.class);
        assertThat(events).containsExactlyInAnyOrder("began", "CLOSED", "closed");
    }

    @Test
    void theWaitOfAFutureEndsAsTheFutureDoes() {
        CompletableFuture<Slot> cancelled = gate.slotAsync();
        cancelled.cancel(true);
        CompletableFuture<Slot> late = gate.slotAsync().orTimeout(1, TimeUnit.MILLISECONDS);
        assertThatExceptionOfType(Exception.class).isThrownBy(late::join);
        Await.until("two waits have been reported", () -> events.size() == 4);
        CompletableFuture<Slot> granted = gate.slotAsync();
        held.close();
        granted.join().close();
        assertThat(events).containsExactly("began", "CANCELLED", "began", "TIMED_OUT elsewhere", "began", "ADMITTED");
        assertThat(gate.snapshot().timedOut()).isEqualTo(1);
    }

    @Test
    void theWaitOfAFutureEndsClosedWhenTheGateIsClosed() {
        CompletableFuture<Slot> refused = gate.slotAsync();
        gate.close();
        assertThatExceptionOfType(Exception.class).isThrownBy(refused::join);
        assertThat(events).containsExactly("began", "CLOSED", "closed");
    }

    @Test
    void theCloseIsReportedOnceAndALaterManualStepIsReported() {
        gate.close();
        gate.close();
        gate.step();
        assertThat(events).containsExactly("closed", "step");
    }

    @Test
    void aListenerThatClosesTheGateReceivesTheCloseAfterTheStep() {
        AdaptiveCpuGate[] self = new AdaptiveCpuGate[1];
        self[0] = gate(new GateListener() {
            @Override
            public void onStep(StepReport step) {
                self[0].close();
                events.add("step");
            }

            @Override
            public void onClose() {
                events.add("closed");
            }
        });
        self[0].step();
        assertThat(events).containsExactly("step", "closed");
    }

    @Test
    void anExceptionOfAListenerReachesNoCallerAndIsLoggedOnce() throws InterruptedException {
        AtomicInteger onWaitCalls = new AtomicInteger();
        try (AdaptiveCpuGate faulty = gate(new GateListener() {
            @Override
            public void onStep(StepReport step) {}

            @Override
            public @Nullable Wait onWait() {
                if (onWaitCalls.incrementAndGet() % 2 == 0) {
                    throw new LinkageError("listener broke");
                }
                return outcome -> {
                    throw new AssertionError("listener broke");
                };
            }

            @Override
            public void onClose() {
                throw new AssertionError("onClose broke");
            }
        })) {
            try (Slot slot = faulty.slot()) {
                for (int i = 0; i < 10; i++) {
                    assertThat(faulty.trySlot(Duration.ofNanos(1))).isEmpty();
                }
                assertThat(slot).isNotNull();
            }
            assertThat(onWaitCalls).hasValue(10);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("onWait of a listener of gate");
            faulty.close();
            assertThat(log.messagesAt(Level.WARN)).hasSize(2).last().asString().contains("onClose broke");
        }
    }

    @Test
    void aGovernedGateReportsItsCloseBeforeCloseReturns() {
        for (int i = 0; i < 50; i++) {
            events.clear();
            AdaptiveCpuGate.builder()
                    .sampler(() -> CpuSample.of(60))
                    .listener(listener)
                    .build()
                    .close();
            assertThat(events).last().isEqualTo("closed");
        }
    }

    @Test
    void theStartIsReportedOnceWithALiveViewOfTheGate() {
        List<Supplier<GateSnapshot>> views = new CopyOnWriteArrayList<>();
        GateListener early = new GateListener() {
            @Override
            public void onStart(Supplier<GateSnapshot> now) {
                assertThat(now.get().cpu().health()).as("before a reading").isEqualTo(CpuSample.Health.STARTING);
                views.add(now);
                throw new IllegalStateException("onStart broke");
            }

            @Override
            public void onStep(StepReport step) {
                events.add("step after " + views.size());
            }
        };
        try (AdaptiveCpuGate watched = gate(early)) {
            watched.step();
            watched.step();
            assertThat(events).containsExactly("step after 1", "step after 1");
            assertThat(views.get(0).get()).isEqualTo(watched.snapshot());
            watched.setSlots(2, 3);
            assertThat(views.get(0).get()).isEqualTo(watched.snapshot());
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("onStart broke");
        }
    }
}
