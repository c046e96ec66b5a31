package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import io.github.cpugate.cpu.CpuSample;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Slots that nobody closes, or not for long. */
class LeakTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final LogCapture log = new LogCapture();
    private final AtomicLong clock =
            new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(10).toNanos()); // wraps round

    @AfterEach
    void stopCapture() {
        log.close();
    }

    private AdaptiveCpuGate.Builder manual() {
        return AdaptiveCpuGate.builder()
                .manual()
                .name("test")
                .maxSlots(4)
                .sampler(() -> CpuSample.of(60))
                .nanoClock(clock::get);
    }

    /** Returns a slot's shadow: a local variable could keep the slot itself for as long as the test runs. */
    private static WeakReference<Slot> dropOne(AdaptiveCpuGate gate) throws InterruptedException {
        return new WeakReference<>(gate.slot());
    }

    private static WeakReference<Slot> closeAndDropOne(AdaptiveCpuGate gate, Runnable beforeClose)
            throws InterruptedException {
        Slot slot = gate.slot();
        beforeClose.run();
        slot.close();
        return new WeakReference<>(slot);
    }

    private static void collect(WeakReference<?> dropped) {
        Await.until("collected", () -> {
            System.gc();
            return dropped.refersTo(null);
        });
    }

    /** Steps until a collected slot is given back: the collector enqueues its trace a little after it is cleared. */
    private static void stepUntilInFlight(AdaptiveCpuGate gate, int slots) {
        Await.until(slots + " in flight", () -> {
            System.gc();
            gate.adjust();
            return gate.snapshot().inFlight() == slots;
        });
    }

    private static Stream<String> methods(ILoggingEvent event) {
        return Stream.of(event.getThrowableProxy().getStackTraceElementProxyArray())
                .map(StackTraceElementProxy::getStackTraceElement)
                .map(StackTraceElement::getMethodName);
    }

    @Test
    void aSlotThatIsDroppedIsGivenBackByALaterStepWhichSaysSo() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            WeakReference<Slot> dropped = dropOne(gate);
            gate.adjust();
            assertThat(gate.snapshot().inFlight()).isEqualTo(1);

            stepUntilInFlight(gate, 0);
            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
            gate.adjust();
            assertThat(log.at(Level.ERROR)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage())
                        .isEqualTo("gate 'test': slots garbage-collected unclosed, and now given back: 1"
                                + "; leakWarning(...) on the builder tells where they are taken");
                assertThat(event.getThrowableProxy()).isNull();
            });
        }
    }

    @Test
    void aGateThatLooksForLeaksSaysWhereADroppedSlotWasTaken() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().leakWarning(LONG).build()) {
            WeakReference<Slot> dropped = dropOne(gate);
            stepUntilInFlight(gate, 0);

            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(log.at(Level.ERROR)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage()).doesNotContain("leakWarning");
                assertThat(methods(event)).contains("dropOne", "aGateThatLooksForLeaksSaysWhereADroppedSlotWasTaken");
            });
            assertThat(log.messagesAt(Level.WARN)).isEmpty();
        }
    }

    @Test
    void aDroppedSlotGoesToTheNextInLine() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            WeakReference<Slot> dropped = dropOne(gate);
            Caller<Slot> blocked = Caller.start(gate::slot);
            Await.until("it stands in line", () -> gate.snapshot().waiting() == 1);
            CompletableFuture<Slot> turn = gate.slotAsync();

            Await.until("it is served", () -> {
                System.gc();
                gate.adjust();
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

    private static void dropOne(WaitingLine line) {
        assertThat(line.tryEnter(new Slot(line))).isTrue();
    }

    @Test
    void whoFindsADroppedSlotHandsItOverWithoutWaitingForTheRestOfTheStep() {
        WaitingLine line = new WaitingLine("test", 1, 1, 1, clock::get, 0, new CallingThread());
        dropOne(line);
        CompletableFuture<Slot> turn = line.enterAsync(new Slot(line));

        Await.until("it is found", () -> {
            System.gc();
            return line.findLeaks().collected == 1;
        });
        assertThat(turn).isCompleted();
        turn.join().close();
    }

    @Test
    void aSlotThatWasClosedIsNeverReported() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            WeakReference<Slot> neverSeenByAStep = closeAndDropOne(gate, () -> {});
            WeakReference<Slot> seenByTwo = closeAndDropOne(gate, () -> {
                gate.adjust();
                gate.adjust();
            });
            assertThat(gate.snapshot().inFlight()).isZero();

            collect(neverSeenByAStep);
            collect(seenByTwo);
            // Its trace would be enqueued before that of a slot which is collected after it.
            WeakReference<Slot> dropped = dropOne(gate);
            stepUntilInFlight(gate, 0);
            assertThat(dropped.refersTo(null)).isTrue();
            assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("given back: 1");
        }
    }

    @Test
    void aSlotThatIsHeldOverManyStepsAndCollectionsStaysHeld() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().initialSlots(2).build()) {
            Slot held = gate.slot();
            dropOne(gate);
            stepUntilInFlight(gate, 1);

            held.close();
            held.close();
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    /** Closes its slot when it is finalized, as some streams do, but not before it may. */
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

    /** Drops it when a step has seen the slot: the collector then clears the slot's trace before it finalizes. */
    private static void dropFinalized(AdaptiveCpuGate gate, CountDownLatch mayClose, CountDownLatch hasClosed)
            throws InterruptedException {
        Finalized holder = new Finalized(gate.slot(), mayClose, hasClosed);
        try {
            gate.adjust();
        } finally {
            Reference.reachabilityFence(holder);
        }
    }

    @Test
    void aSlotThatAFinalizerClosesAfterItWasFoundTakesNobodyElses() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            CountDownLatch mayClose = new CountDownLatch(1);
            CountDownLatch hasClosed = new CountDownLatch(1);
            dropFinalized(gate, mayClose, hasClosed);
            stepUntilInFlight(gate, 0);

            Slot taken = gate.slot();
            mayClose.countDown();
            hasClosed.await();
            assertThat(gate.snapshot().inFlight()).as("it had been given back").isEqualTo(1);
            taken.close();
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aLostSlotCountsAsInFlightUntilItIsGivenBack() {
        WaitingLine line = new WaitingLine("test", 1, 8, 1, clock::get, 0, null);
        line.tryEnter(new Slot(line));
        assertThat(line.findLeaks().collected).isZero();
        clock.addAndGet(1000);
        Await.until("it is found", () -> {
            System.gc();
            return line.findLeaks().collected == 1;
        });

        clock.addAndGet(1000);
        assertThat(line.report().meanInFlight()).isEqualTo(0.5);
    }

    @Test
    void aSlotHeldForTooLongIsReportedOnceWithTheStackThatTookIt() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().initialSlots(2).leakWarning(LONG).build()) {
            Slot first = gate.slot();
            clock.addAndGet(LONG.toNanos());
            gate.adjust();
            assertThat(log.messagesAt(Level.WARN)).as("not before its time").isEmpty();

            Slot second = gate.slot();
            clock.addAndGet(Duration.ofSeconds(1).toNanos());
            gate.adjust();
            gate.adjust();
            assertThat(log.at(Level.WARN)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage())
                        .isEqualTo("gate 'test': a slot is held for PT31S already (said once)");
                assertThat(methods(event)).contains("aSlotHeldForTooLongIsReportedOnceWithTheStackThatTookIt");
            });

            clock.addAndGet(LONG.toNanos());
            first.close();
            gate.adjust();
            assertThat(log.messagesAt(Level.WARN)).as("each slot by itself").hasSize(2);
            assertThat(log.messagesAt(Level.ERROR)).isEmpty();
            second.close();
            assertThat(gate.snapshot().inFlight())
                    .as("a warning takes nothing away")
                    .isZero();
        }
    }

    @Test
    void theTimeOfASlotCountsFromItsGrantAndItsStackFromTheCall() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().leakWarning(LONG).build()) {
            Slot held = gate.slot();
            CompletableFuture<Slot> turn = gate.slotAsync();
            clock.addAndGet(LONG.toNanos());
            held.close();
            clock.addAndGet(LONG.toNanos());
            gate.adjust();
            assertThat(log.messagesAt(Level.WARN)).isEmpty();

            clock.addAndGet(1);
            gate.adjust();
            assertThat(log.at(Level.WARN))
                    .singleElement()
                    .satisfies(event -> assertThat(methods(event))
                            .contains("slotAsync", "theTimeOfASlotCountsFromItsGrantAndItsStackFromTheCall"));
            turn.join().close();
        }
    }

    @Test
    void aBrokenLogGivesBackAllTheSame() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build()) {
            log.breakFor(Level.ERROR);
            WeakReference<Slot> dropped = dropOne(gate);
            stepUntilInFlight(gate, 0);
            assertThat(dropped.refersTo(null)).isTrue();
        }
    }

    @Test
    void aSlotTakesNoStackTraceUnlessItsGateLooksForLeaks() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual().build();
                AdaptiveCpuGate looking = manual().leakWarning(LONG).build();
                Slot plain = gate.slot();
                Slot traced = looking.slot()) {
            assertThat(plain.origin).isNull();
            assertThat(traced.origin).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void theSlotsHeldAreCountedRightWhateverBecomesOfThem(long seed) {
        WaitingLine line = new WaitingLine("test", 1, 1, 1, clock::get, 0, null);
        Random random = new Random(seed);
        HeldSlots held = new HeldSlots();
        List<Slot> open = new ArrayList<>(); // the model: those that can still be closed
        int dropped = 0; // and those that cannot, and are not found yet
        for (int i = 0; i < 10_000; i++) {
            int dice = random.nextInt(100);
            if (open.isEmpty() || dice < 49) {
                Slot slot = new Slot(line);
                held.reserve(1);
                held.add(slot, 0);
                open.add(slot);
            } else if (dice < 97) {
                Slot slot = open.remove(random.nextInt(open.size()));
                assertThat(held.contains(slot)).isTrue();
                held.remove(slot);
                assertThat(held.contains(slot)).isFalse();
            } else if (dice < 98) {
                open.remove(random.nextInt(open.size()));
                dropped++;
            } else {
                if (i % 1000 < 50) {
                    System.gc();
                }
                dropped -= held.findLeaks(0, 0).collected;
            }
            assertThat(held.size()).isEqualTo(open.size() + dropped);
        }

        int left = dropped;
        int[] found = {0};
        Await.until("the rest is found", () -> {
            System.gc();
            found[0] += held.findLeaks(0, 0).collected;
            return found[0] >= left;
        });
        assertThat(held.size()).isEqualTo(open.size());
        assertThat(open.stream().mapToInt(slot -> slot.index))
                .as("each has a place of its own, and no place is empty")
                .doesNotHaveDuplicates()
                .allMatch(index -> 0 <= index && index < held.size());
        open.forEach(held::remove);
        assertThat(held.size()).isZero();
        assertThat(held.findLeaks(0, 0).collected).isZero();
    }
}
