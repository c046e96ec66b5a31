package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
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

/** What listeners are told of waits, and of the gate's start and end. */
class WaitsTest {

    private final List<String> told = new CopyOnWriteArrayList<>();

    /** Tells where it was told, too: a caller's own thread, as long as that is the one that waits. */
    private final GateListener listener = new GateListener() {
        @Override
        public void onStep(Observation step) {
            told.add("step");
        }

        @Override
        public Wait onWait() {
            Thread began = Thread.currentThread();
            told.add("began");
            return outcome -> told.add(outcome + (Thread.currentThread() == began ? "" : " elsewhere"));
        }

        @Override
        public void onClose() {
            told.add("closed");
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
        assertThat(told).as("who gets a slot at once does not wait").isEmpty();
    }

    @AfterEach
    void end() {
        held.close();
        gate.close();
    }

    private void awaitOneInLine() {
        Await.until("one in line", () -> gate.snapshot().waiting() == 1);
    }

    @Test
    void aThreadThatWaitedAndGotASlot() {
        Caller<Slot> caller = Caller.start(gate::slot);
        awaitOneInLine();
        held.close();
        caller.result().close();
        assertThat(told).containsExactly("began", "ADMITTED");
    }

    @Test
    void aThreadWhoseTimePassed() throws InterruptedException {
        assertThat(gate.trySlot(Duration.ofMillis(1))).isEmpty();
        assertThat(told).containsExactly("began", "TIMED_OUT");
        assertThat(gate.snapshot().timedOut()).isEqualTo(1);
    }

    @Test
    void whoDoesNotWantToWaitDoesNot() throws InterruptedException {
        assertThat(gate.trySlot()).isEmpty();
        assertThat(gate.trySlot(Duration.ZERO)).isEmpty();
        assertThat(told).isEmpty();
        assertThat(gate.snapshot().timedOut()).isZero();
    }

    @Test
    void aThreadThatWasInterrupted() {
        Caller<Optional<Slot>> caller = Caller.start(() -> gate.trySlot(Duration.ofDays(1)));
        awaitOneInLine();
        caller.thread().interrupt();
        assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
        assertThat(told).containsExactly("began", "INTERRUPTED");
        assertThat(gate.snapshot().timedOut()).isZero();
    }

    @Test
    void aThreadThatWasRefused() {
        Caller<Slot> caller = Caller.start(gate::slot);
        awaitOneInLine();
        Await.until("it was told", () -> told.contains("began"));
        gate.close();
        assertThat(caller.failure()).isInstanceOf(GateClosedException.class);
        assertThat(told).containsExactlyInAnyOrder("began", "CLOSED", "closed");
    }

    @Test
    void futures() {
        CompletableFuture<Slot> cancelled = gate.slotAsync();
        cancelled.cancel(true);
        CompletableFuture<Slot> late = gate.slotAsync().orTimeout(1, TimeUnit.MILLISECONDS);
        assertThatExceptionOfType(Exception.class).isThrownBy(late::join);
        Await.until("it was told", () -> told.size() == 4);
        CompletableFuture<Slot> granted = gate.slotAsync();
        held.close();
        granted.join().close();
        assertThat(told).containsExactly("began", "CANCELLED", "began", "TIMED_OUT elsewhere", "began", "ADMITTED");
        assertThat(gate.snapshot().timedOut()).isEqualTo(1);
    }

    @Test
    void aFutureThatWasRefused() {
        CompletableFuture<Slot> refused = gate.slotAsync();
        gate.close();
        assertThatExceptionOfType(Exception.class).isThrownBy(refused::join);
        assertThat(told).containsExactly("began", "CLOSED", "closed");
    }

    @Test
    void theEndIsToldOnceAndStepsByHandAfterIt() {
        gate.close();
        gate.close();
        gate.adjust();
        assertThat(told).containsExactly("closed", "step");
    }

    @Test
    void aListenerThatClosesTheGateIsToldAfterTheStep() {
        AdaptiveCpuGate[] self = new AdaptiveCpuGate[1];
        self[0] = gate(new GateListener() {
            @Override
            public void onStep(Observation step) {
                self[0].close();
                told.add("step");
            }

            @Override
            public void onClose() {
                told.add("closed");
            }
        });
        self[0].adjust();
        assertThat(told).containsExactly("step", "closed");
    }

    @Test
    void whatItThrowsReachesNobodyAndIsSaidOnce() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        try (LogCapture log = new LogCapture();
                AdaptiveCpuGate faulty = gate(new GateListener() {
                    @Override
                    public void onStep(Observation step) {}

                    @Override
                    public @Nullable Wait onWait() {
                        if (asked.incrementAndGet() % 2 == 0) {
                            throw new LinkageError("listener broke");
                        }
                        return outcome -> {
                            throw new AssertionError("listener broke");
                        };
                    }

                    @Override
                    public void onClose() {
                        throw new AssertionError("at the end, too");
                    }
                })) {
            try (Slot slot = faulty.slot()) {
                for (int i = 0; i < 10; i++) {
                    assertThat(faulty.trySlot(Duration.ofNanos(1))).isEmpty();
                }
                assertThat(slot).isNotNull();
            }
            assertThat(asked).hasValue(10);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("waits of gate");
            faulty.close();
            assertThat(log.messagesAt(Level.WARN)).hasSize(2).last().asString().contains("at the end, too");
        }
    }

    @Test
    void aGateWithAThreadTellsItsEndBeforeCloseReturns() {
        for (int i = 0; i < 50; i++) {
            told.clear();
            AdaptiveCpuGate.builder()
                    .sampler(() -> CpuSample.of(60))
                    .listener(listener)
                    .build()
                    .close();
            assertThat(told).last().isEqualTo("closed");
        }
    }

    @Test
    void theStartIsToldOnceAndWithAViewOfTheMoment() {
        List<Supplier<GateSnapshot>> views = new CopyOnWriteArrayList<>();
        GateListener early = new GateListener() {
            @Override
            public void onStart(Supplier<GateSnapshot> now) {
                assertThat(now.get().cpu().health()).as("before a reading").isEqualTo(CpuSample.Health.STARTING);
                views.add(now);
                throw new IllegalStateException("by a listener");
            }

            @Override
            public void onStep(Observation step) {
                told.add("step after " + views.size());
            }
        };
        try (LogCapture log = new LogCapture();
                AdaptiveCpuGate watched = gate(early)) {
            watched.adjust();
            watched.adjust();
            assertThat(told).containsExactly("step after 1", "step after 1");
            assertThat(views.get(0).get()).isEqualTo(watched.snapshot());
            watched.setSlots(2, 3);
            assertThat(views.get(0).get()).isEqualTo(watched.snapshot());
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("by a listener");
        }
    }
}
