package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests slots that are never closed, or that are held for too long. */
class LeakTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AtomicLong clock =
            new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(10).toNanos()); // overflows during a test

    private AdaptiveCpuGate.Builder manual() {
        return AdaptiveCpuGate.builder()
                .manual()
                .name("test")
                .maxSlots(4)
                .sampler(() -> CpuSample.of(60))
                .nanoClock(clock::get);
    }

    /** Takes a slot in a frame of its own: a local variable of the test could keep the slot reachable. */
    private static WeakReference<Slot> takeAndDrop(AdaptiveCpuGate gate) throws InterruptedException {
        return new WeakReference<>(gate.slot());
    }

    private static WeakReference<Slot> takeCloseAndDrop(AdaptiveCpuGate gate, Runnable beforeClose)
            throws InterruptedException {
        Slot slot = gate.slot();
        beforeClose.run();
        slot.close();
        return new WeakReference<>(slot);
    }

    private static void collect(WeakReference<?> dropped) {
        Await.until("the slot is collected", () -> {
            System.gc();
            return dropped.refersTo(null);
        });
    }

    /** Steps until a collected slot is given back: its weak entry is enqueued a little after it is cleared. */
    private static void stepUntilInFlight(AdaptiveCpuGate gate, int slots) {
        Await.until(slots + " slots are in flight", () -> {
            System.gc();
            gate.step();
            return gate.snapshot().inFlight() == slots;
        });
    }

    private static Stream<String> methods(ILoggingEvent event) {
        return Stream.of(event.getThrowableProxy().getStackTraceElementProxyArray())
                .map(StackTraceElementProxy::getStackTraceElement)
                .map(StackTraceElement::getMethodName);
    }

    @Test
    void aDroppedSlotIsGivenBackByALaterStepWhichLogsIt() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            WeakReference<Slot> dropped = takeAndDrop(gate);
            gate.step();
            assertThat(gate.snapshot().inFlight()).isEqualTo(1);

            stepUntilInFlight(gate, 0);
            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
            gate.step();
            assertThat(log.at(Level.ERROR)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage())
                        .isEqualTo(
                                "gate 'test': slots that were garbage-collected without close() have been given back: 1"
                                        + "; leakWarning(...) on the builder shows where they are taken");
                assertThat(event.getThrowableProxy()).isNull();
            });
        }
    }

    @Test
    void withLeakWarningTheLogShowsWhereADroppedSlotWasTaken() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().leakWarning(LONG).build()) {
            WeakReference<Slot> dropped = takeAndDrop(gate);
            stepUntilInFlight(gate, 0);

            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(log.at(Level.ERROR)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage()).doesNotContain("leakWarning");
                assertThat(methods(event))
                        .contains("takeAndDrop", "withLeakWarningTheLogShowsWhereADroppedSlotWasTaken");
            });
            assertThat(log.messagesAt(Level.WARN)).isEmpty();
        }
    }

    @Test
    void aDroppedSlotGoesToTheNextCallerInLine() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            WeakReference<Slot> dropped = takeAndDrop(gate);
            Caller<Slot> blocked = Caller.start(gate::slot);
            Await.until("the caller is in line", () -> gate.snapshot().waiting() == 1);
            CompletableFuture<Slot> turn = gate.slotAsync();

            Await.until("the caller receives the slot", () -> {
                System.gc();
                gate.step();
                return gate.snapshot().waiting() == 1;
            });
            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(turn).isNotDone();
            blocked.result().close();
            assertThat(turn).isCompleted();
            assertThat(gate.snapshot().inFlight()).isEqualTo(1);
            turn.join().close();
        }
    }

    @Test
    void aClosedSlotIsNotReportedWhenItIsCollected() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            WeakReference<Slot> neverSeenByAStep = takeCloseAndDrop(gate, () -> {});
            WeakReference<Slot> seenByTwo = takeCloseAndDrop(gate, () -> {
                gate.step();
                gate.step();
            });
            assertThat(gate.snapshot().inFlight()).isZero();

            collect(neverSeenByAStep);
            collect(seenByTwo);
            // Their weak entries would be enqueued before that of a slot which is collected after them.
            WeakReference<Slot> dropped = takeAndDrop(gate);
            stepUntilInFlight(gate, 0);
            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("given back: 1");
        }
    }

    @Test
    void aHeldSlotStaysHeldThroughStepsAndCollections() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().initialSlots(2).build()) {
            Slot held = gate.slot();
            takeAndDrop(gate);
            stepUntilInFlight(gate, 1);

            held.close();
            held.close();
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    /** Closes its slot when it is finalized, as some streams do, once the test lets it. */
    private static final class Finalized {
        private final Slot slot;
        private final CountDownLatch mayClose;
        private final CountDownLatch hasClosed;

        Finalized(Slot slot, CountDownLatch mayClose, CountDownLatch hasClosed) {
            this.slot = slot;
            this.mayClose = mayClose;
            this.hasClosed = hasClosed;
        }

        @Override
        @Deprecated
        @SuppressWarnings({"removal", "Finalize"})
        protected void finalize() throws InterruptedException {
            mayClose.await();
            slot.close();
            hasClosed.countDown();
        }
    }

    /** Drops the holder after a step has seen the slot: the slot's weak entry is then cleared before finalization. */
    private static void dropFinalized(AdaptiveCpuGate gate, CountDownLatch mayClose, CountDownLatch hasClosed)
            throws InterruptedException {
        Finalized holder = new Finalized(gate.slot(), mayClose, hasClosed);
        try {
            gate.step();
        } finally {
            Reference.reachabilityFence(holder);
        }
    }

    @Test
    void aFinalizerThatClosesALostSlotReleasesNoOtherSlot() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            CountDownLatch mayClose = new CountDownLatch(1);
            CountDownLatch hasClosed = new CountDownLatch(1);
            dropFinalized(gate, mayClose, hasClosed);
            stepUntilInFlight(gate, 0);

            Slot taken = gate.slot();
            mayClose.countDown();
            hasClosed.await();
            assertThat(gate.snapshot().inFlight())
                    .as("the lost slot was given back before it was closed")
                    .isEqualTo(1);
            taken.close();
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aSlotHeldForTooLongIsLoggedOnceWithTheStackThatTookIt() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().initialSlots(2).leakWarning(LONG).build()) {
            Slot first = gate.slot();
            clock.addAndGet(LONG.toNanos());
            gate.step();
            assertThat(log.messagesAt(Level.WARN))
                    .as("no warning before the slot is overdue")
                    .isEmpty();

            Slot second = gate.slot();
            clock.addAndGet(Duration.ofSeconds(1).toNanos());
            gate.step();
            gate.step();
            assertThat(log.at(Level.WARN)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage())
                        .isEqualTo("gate 'test': a slot has been held for PT31S (logged once)");
                assertThat(methods(event)).contains("aSlotHeldForTooLongIsLoggedOnceWithTheStackThatTookIt");
            });

            clock.addAndGet(LONG.toNanos());
            first.close();
            gate.step();
            assertThat(log.messagesAt(Level.WARN))
                    .as("each slot is reported separately")
                    .hasSize(2);
            assertThat(log.messagesAt(Level.ERROR)).isEmpty();
            second.close();
            assertThat(gate.snapshot().inFlight())
                    .as("a slot that was reported stays held until it is closed")
                    .isZero();
        }
    }

    @Test
    void heldTimeCountsFromTheGrantAndTheStackIsThatOfTheCall() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().leakWarning(LONG).build()) {
            Slot held = gate.slot();
            CompletableFuture<Slot> turn = gate.slotAsync();
            clock.addAndGet(LONG.toNanos());
            held.close();
            clock.addAndGet(LONG.toNanos());
            gate.step();
            assertThat(log.messagesAt(Level.WARN)).isEmpty();

            clock.addAndGet(1);
            gate.step();
            assertThat(log.at(Level.WARN))
                    .singleElement()
                    .satisfies(event -> assertThat(methods(event))
                            .contains("slotAsync", "heldTimeCountsFromTheGrantAndTheStackIsThatOfTheCall"));
            turn.join().close();
        }
    }

    @Test
    void aDroppedSlotIsGivenBackEvenIfTheLogThrows() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            log.breakFor(Level.ERROR);
            WeakReference<Slot> dropped = takeAndDrop(gate);
            stepUntilInFlight(gate, 0);
            assertThat(dropped.refersTo(null)).isTrue();
        }
    }

    @Test
    void aGateThatIsClosedAgainDoesNotSearchTwiceAsOften() throws Exception {
        AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().sampler(() -> CpuSample.of(60)).build();
        Slot held = gate.slot();
        gate.close();
        gate.close();
        Field line = AdaptiveCpuGate.class.getDeclaredField("line");
        line.setAccessible(true);
        Field threads = line.get(gate).getClass().getDeclaredField("threads");
        threads.setAccessible(true);
        Object all = threads.get(line.get(gate));
        Field timer = all.getClass().getDeclaredField("timer");
        timer.setAccessible(true);
        Queue<Runnable> searches = ((ScheduledThreadPoolExecutor) timer.get(all)).getQueue();
        assertThat(searches).hasSizeLessThanOrEqualTo(1); // none while the timer's thread makes one
        Await.until("the next search is scheduled", () -> searches.size() == 1);
        held.close();
    }
}
