package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests that a slot behaves as a permit of {@code java.util.concurrent.Semaphore}, by every way to take one. */
class SemaphoreBehaviourTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    /** The ways to take a slot that block the thread. */
    enum Blocking {
        UNTIMED(Thread.State.WAITING) {
            @Override
            Slot take(AdaptiveCpuGate gate) throws InterruptedException {
                return gate.slot();
            }
        },
        TIMED(Thread.State.TIMED_WAITING) {
            @Override
            Slot take(AdaptiveCpuGate gate) throws InterruptedException {
                return gate.trySlot(LONG).orElseThrow();
            }
        },
        FUTURE(Thread.State.WAITING) {
            @Override
            Slot take(AdaptiveCpuGate gate) throws InterruptedException {
                CompletableFuture<Slot> future = gate.slotAsync();
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    future.cancel(false); // only get() has given up: the future still waits in line
                    throw e;
                } catch (ExecutionException e) {
                    throw new AssertionError(e);
                }
            }
        };

        final Thread.State parked;

        Blocking(Thread.State parked) {
            this.parked = parked;
        }

        abstract Slot take(AdaptiveCpuGate gate) throws InterruptedException;
    }

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .maxSlots(50)
            .initialSlots(1)
            .build();

    @AfterEach
    void close() {
        gate.close();
    }

    private int waiting() {
        return gate.snapshot().waiting();
    }

    private int inFlight() {
        return gate.snapshot().inFlight();
    }

    private void setLimit(int slots) {
        gate.setSlots(slots, slots);
    }

    private <T> Caller<T> startInLine(Callable<T> call) {
        int before = waiting();
        Caller<T> caller = Caller.start(call);
        Await.until("one more caller is in line", () -> waiting() == before + 1);
        Await.parked(caller.thread());
        return caller;
    }

    private List<Slot> takeAllFreeSlots() {
        return Stream.generate(gate::trySlot)
                .takeWhile(Optional::isPresent)
                .map(Optional::get)
                .toList();
    }

    @Test
    void allFreeSlotsCanBeTakenAndThenNoMore() {
        for (int slots : new int[] {1, 2, 10, 42}) {
            setLimit(slots);
            List<Slot> taken = takeAllFreeSlots();
            assertThat(taken).hasSize(slots);
            assertThat(takeAllFreeSlots()).isEmpty();
            taken.forEach(Slot::close);
            assertThat(inFlight()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachWayToTakeASlotTakesAFreeOne(Blocking way) throws InterruptedException {
        for (int slots = 1; slots < 6; slots++) {
            setLimit(slots);
            List<Slot> taken = new ArrayList<>();
            for (int i = 1; i <= slots; i++) {
                taken.add(way.take(gate));
                assertThat(inFlight()).isEqualTo(i);
            }
            assertThat(gate.trySlot()).isEmpty();
            taken.forEach(Slot::close);
        }
        assertThat(inFlight()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aSlotPassesFromThreadToThreadAgainAndAgain(Blocking way) throws InterruptedException {
        Slot held = gate.slot();
        for (int round = 0; round < 4; round++) {
            Caller<Slot> other = startInLine(() -> way.take(gate));
            assertThat(other.thread().getState()).isEqualTo(way.parked);
            held.close();
            held = other.result();
            assertThat(inFlight()).isEqualTo(1);
            assertThat(waiting()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptBeforeOrDuringAWaitEndsThatWaitOnly(Blocking way) throws InterruptedException {
        Slot held = gate.slot();
        AtomicInteger interrupts = new AtomicInteger();
        Caller<Slot> caller = Caller.start(() -> {
            Thread.currentThread().interrupt();
            while (true) {
                try {
                    return way.take(gate);
                } catch (InterruptedException e) {
                    assertThat(Thread.currentThread().isInterrupted()).isFalse();
                    interrupts.incrementAndGet();
                }
            }
        });
        for (int i = 1; i <= 3; i++) {
            int number = i;
            Await.until(
                    "the caller was interrupted and is in line again",
                    () -> interrupts.get() == number && waiting() == 1);
            Await.until("the caller is parked", () -> caller.thread().getState() == way.parked);
            if (i < 3) {
                caller.thread().interrupt();
            }
        }
        held.close();
        assertThat(caller.result()).isNotNull();
        assertThat(caller.interruptedAfter()).isFalse();
        assertThat(inFlight()).isEqualTo(1);
    }

    @Test
    void joinWaitsThroughInterruptsAndKeepsTheInterruptStatus() throws InterruptedException {
        Slot held = gate.slot();
        Caller<Slot> before = startInLine(() -> {
            Thread.currentThread().interrupt();
            return gate.slotAsync().join();
        });
        Caller<Slot> during = startInLine(() -> gate.slotAsync().join());

        during.thread().interrupt();
        Await.until("the interrupt is consumed", () -> !during.thread().isInterrupted());
        Await.parked(during.thread());
        assertThat(waiting()).isEqualTo(2);
        held.close();
        before.result().close();
        assertThat(during.result()).isNotNull();
        assertThat(before.interruptedAfter()).isTrue();
        assertThat(during.interruptedAfter()).isTrue();
    }

    @Test
    void aTimedWaitLastsAtLeastAsLongAsItsTimeout() throws InterruptedException {
        takeAllFreeSlots();
        Duration atMost = Duration.ofMillis(12);

        long began = System.nanoTime();
        assertThat(gate.trySlot(atMost)).isEmpty();
        assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(atMost.toNanos());
    }

    @Test
    void aCallerWithAZeroOrNegativeTimeoutDoesNotWait() throws InterruptedException {
        Slot held = gate.slot();
        Caller<Slot> first = startInLine(gate::slot);
        for (long nanos : new long[] {0, -1, Long.MIN_VALUE}) {
            assertThat(gate.trySlot(Duration.ofNanos(nanos))).isEmpty();
        }
        assertThat(gate.trySlot(Duration.ofSeconds(Long.MIN_VALUE))).isEmpty();
        assertThat(waiting()).isEqualTo(1);
        held.close();
        assertThat(first.result()).isNotNull();
    }

    @Test
    void waitingCountsTheThreadsAndFuturesInLine() throws InterruptedException {
        assertThat(waiting()).isZero();
        Slot held = gate.slot();
        assertThat(waiting()).as("a holder does not wait").isZero();
        Caller<Slot> untimed = startInLine(gate::slot);
        Caller<Slot> timed = startInLine(() -> gate.trySlot(LONG).orElseThrow());
        CompletableFuture<Slot> cancelled = gate.slotAsync();
        CompletableFuture<Slot> last = gate.slotAsync();
        assertThat(waiting()).isEqualTo(4);

        untimed.thread().interrupt();
        assertThat(untimed.failure()).isInstanceOf(InterruptedException.class);
        assertThat(waiting()).isEqualTo(3);
        cancelled.cancel(false);
        assertThat(waiting()).isEqualTo(2);
        held.close();
        assertThat(waiting()).isEqualTo(1);
        timed.result().close();
        assertThat(last).isCompleted();
        assertThat(waiting()).isZero();
    }

    @Test
    void aThreadDumpShowsThatAThreadWaitsInLine() throws InterruptedException {
        gate.slot();
        Caller<Slot> caller = startInLine(gate::slot);

        assertThat(LockSupport.getBlocker(caller.thread()))
                .extracting(blocker -> blocker.getClass().getSimpleName())
                .isEqualTo("ThreadWaiter");
    }

    @Test
    void cutsAddUpAndOneThatIsTakenBackNeedsNoDraining() {
        setLimit(10);
        List<Slot> held = takeAllFreeSlots();
        CompletableFuture<Slot> next = gate.slotAsync();
        for (int slots : new int[] {10, 9, 9, 4, 2}) {
            setLimit(slots);
            assertThat(gate.snapshot().limit()).isEqualTo(slots);
            assertThat(inFlight()).isEqualTo(10);
        }

        held.subList(0, 7).forEach(Slot::close);
        assertThat(inFlight()).isEqualTo(3);
        assertThat(next).as("the limit is two, and three are in flight").isNotDone();
        setLimit(3);
        assertThat(next).isNotDone();
        setLimit(4);
        assertThat(next).isCompleted();
        assertThat(gate.trySlot()).isEmpty();
        assertThat(inFlight()).isEqualTo(4);
    }

    @Test
    void toStringShowsTheCurrentState() throws InterruptedException {
        assertThat(gate.toString()).contains("limit=1,", "inFlight=0,", "waiting=0,", "closed=false");
        gate.slot();
        var unused = gate.slotAsync();
        assertThat(gate.toString()).contains("limit=1,", "inFlight=1,", "waiting=1,");
        setLimit(5);
        assertThat(gate.toString()).contains("limit=5,", "inFlight=2,", "waiting=0,");
        gate.close();
        assertThat(gate.toString()).contains("closed=true");
    }

    /** A caller whose timeout ends as it enters the line must leave nothing behind in it. */
    @Test
    void manyShortTimeoutsLoseNoSlot() {
        int callers = 2 * Runtime.getRuntime().availableProcessors();
        setLimit(callers);
        List<Slot> held = takeAllFreeSlots();
        AtomicInteger timeouts = new AtomicInteger();
        AtomicBoolean enough = new AtomicBoolean();
        List<Caller<Slot>> storm = IntStream.range(0, callers)
                .mapToObj(i -> Caller.start(() -> {
                    while (!enough.get()) {
                        var slot = gate.trySlot(Duration.ofNanos(1000));
                        if (slot.isPresent()) {
                            return slot.get();
                        }
                        timeouts.incrementAndGet();
                    }
                    return null;
                }))
                .toList();

        try {
            Await.until("many callers have timed out", () -> timeouts.get() > 5000);
            held.forEach(Slot::close);
            storm.forEach(caller -> assertThat(caller.result()).isNotNull());
        } finally {
            enough.set(true);
        }
        assertThat(inFlight()).isEqualTo(callers);
        assertThat(waiting()).isZero();
    }
}
