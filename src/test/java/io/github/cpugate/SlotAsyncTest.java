package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Callers in line that hold a future in place of a thread. */
class SlotAsyncTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(5);

    private final WaitingLine line = lineOfOne(new CallingThread());

    /** What a completer was given and has not run: between a slot's grant and the future's completion. */
    private final Deque<Runnable> granted = new ArrayDeque<>();

    private static WaitingLine lineOfOne(Executor completer) {
        return new WaitingLine("test", 1, 8, 1, System::nanoTime, 0, completer);
    }

    private static AdaptiveCpuGate.Builder manual(double cpu) {
        return AdaptiveCpuGate.builder().manual().name("test").maxSlots(8).sampler(() -> CpuSample.of(cpu));
    }

    private static Slot take(WaitingLine line) {
        Slot slot = new Slot(line);
        assertThat(line.tryEnter(slot)).isTrue();
        return slot;
    }

    private static CompletableFuture<Slot> lineUp(WaitingLine line) {
        return line.enterAsync(new Slot(line));
    }

    private static void assertLine(WaitingLine line, int inFlight, int waiting) {
        assertThat(line.report())
                .extracting(LineReport::inFlight, LineReport::waiting)
                .as("in flight, waiting")
                .containsExactly(inFlight, waiting);
    }

    /** Starts a call that needs the line's lock, and has {@code first} happen while it waits for that. */
    private static <T> Caller<T> overtaken(WaitingLine line, Callable<T> call, Runnable first) {
        line.lock.lock();
        try {
            Caller<T> caller = Caller.start(call);
            Await.until("it wants the lock", () -> line.lock.hasQueuedThread(caller.thread()));
            first.run();
            return caller;
        } finally {
            line.lock.unlock();
        }
    }

    @Test
    void aFreeSlotComesAtOnce() {
        CompletableFuture<Slot> first = lineUp(line);

        assertThat(first).isCompleted();
        assertThat(lineUp(line)).isNotDone();
        assertLine(line, 1, 1);
    }

    @Test
    void callersOfAllKindsStandInOneLine() {
        Slot held = take(line);
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Slot>> turns = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            int number = i;
            if (number % 3 == 0) {
                turns.add(lineUp(line).whenComplete((slot, failure) -> served.add(number)));
                continue;
            }
            CompletableFuture<Slot> turn = new CompletableFuture<>();
            turns.add(turn);
            Caller.startInLine(line, () -> {
                Slot slot = new Slot(line);
                if (number % 3 == 1) {
                    line.enter(slot);
                } else {
                    assertThat(line.enter(slot, LONG)).isTrue();
                }
                served.add(number);
                return turn.complete(slot);
            });
        }

        for (CompletableFuture<Slot> turn : turns) {
            held.close();
            held = turn.join();
        }
        assertThat(served).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
        assertLine(line, 1, 0);
    }

    static List<Consumer<CompletableFuture<Slot>>> completionsByOthers() {
        return List.of(
                turn -> turn.cancel(false),
                turn -> turn.completeExceptionally(new IllegalStateException()),
                turn -> turn.complete(null),
                turn -> turn.complete(take(lineOfOne(Runnable::run))),
                turn -> turn.orTimeout(1, TimeUnit.MICROSECONDS),
                turn -> turn.completeOnTimeout(null, 1, TimeUnit.MICROSECONDS));
    }

    @ParameterizedTest
    @MethodSource("completionsByOthers")
    void whoeverCompletesAFutureTakesItOutOfTheLine(Consumer<CompletableFuture<Slot>> complete) {
        Slot held = take(line);
        CompletableFuture<Slot> before = lineUp(line);
        CompletableFuture<Slot> given = lineUp(line);
        CompletableFuture<Slot> after = lineUp(line);

        complete.accept(given);
        Await.until("it left the line", () -> line.report().waiting() == 2);
        assertThat(given).isDone();
        held.close();
        before.join().close();
        assertThat(after).as("it moved up").isCompleted();
        assertLine(line, 1, 0);
    }

    @ParameterizedTest
    @MethodSource("completionsByOthers")
    void aSlotGrantedToAFutureThatCannotTakeItGoesToTheNextInLine(Consumer<CompletableFuture<Slot>> complete) {
        WaitingLine slow = lineOfOne(granted::add);
        Slot held = take(slow);
        CompletableFuture<Slot> given = lineUp(slow);
        CompletableFuture<Slot> next = lineUp(slow);

        held.close();
        complete.accept(given);
        Await.until("it is complete", given::isDone);
        assertLine(slow, 1, 0);
        granted.remove().run();
        granted.remove().run();
        next.join().close();
        assertLine(slow, 0, 0);
        assertThat(granted).isEmpty();
    }

    @Test
    void aGrantThatRacesWithACancellationPassesOn() {
        WaitingLine slow = lineOfOne(granted::add);
        Slot held = take(slow);
        CompletableFuture<Slot> cancelled = lineUp(slow);
        CompletableFuture<Slot> next = lineUp(slow);

        Caller<Boolean> canceller = overtaken(slow, () -> cancelled.cancel(false), held::close);
        assertThat(canceller.result()).isTrue();
        assertLine(slow, 1, 0);
        granted.remove().run();
        granted.remove().run();
        assertThat(next).isCompleted();
        assertLine(slow, 1, 0);
    }

    @Test
    void aCancellationThatRacesWithAGrantComesFirst() {
        Slot held = take(line);
        CompletableFuture<Slot> cancelled = lineUp(line);
        CompletableFuture<Slot> next = lineUp(line);

        Caller<Boolean> closer = overtaken(
                line,
                () -> {
                    held.close();
                    return true;
                },
                () -> cancelled.cancel(false));
        assertThat(closer.result()).isTrue();
        assertThat(next).isCompleted();
        assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
        assertLine(line, 1, 0);
    }

    @Test
    void closeFailsThoseInLineAndThoseToCome() {
        Slot held = take(line);
        List<CompletableFuture<Slot>> turns = List.of(lineUp(line), lineUp(line));

        line.close();
        assertThat(turns)
                .allSatisfy(turn -> assertThat(turn.handle((slot, failure) -> failure))
                        .isCompletedWithValueMatching(failure -> failure instanceof GateClosedException));
        assertThatThrownBy(() -> lineUp(line).join())
                .as("a failed future, no exception thrown by the call")
                .hasCause(new GateClosedException("test"));
        assertLine(line, 1, 0);
        held.close();
        assertLine(line, 0, 0);
    }

    @Test
    void whatIsDecidedStandsThoughTheFutureDoesNotKnowYet() {
        WaitingLine slow = lineOfOne(granted::add);
        Slot held = take(slow);
        CompletableFuture<Slot> admitted = lineUp(slow);
        CompletableFuture<Slot> refused = lineUp(slow);
        CompletableFuture<Slot> cancelled = lineUp(slow);

        held.close();
        slow.close();
        cancelled.cancel(false);
        assertLine(slow, 1, 0);
        granted.forEach(Runnable::run);
        assertThat(admitted).isCompleted();
        assertThatThrownBy(refused::join).hasCauseInstanceOf(GateClosedException.class);
        assertThat(cancelled).isCancelled();
        assertLine(slow, 1, 0);
    }

    static List<Consumer<WaitingLine>> whatEndsAWait() {
        return List.of(line -> line.step(1, 2), line -> line.setBounds(2, 8), WaitingLine::close);
    }

    @ParameterizedTest
    @MethodSource("whatEndsAWait")
    void dependentsRunWithoutTheLock(Consumer<WaitingLine> endWait) {
        Slot held = take(line);
        List<Integer> seenByAnother = new ArrayList<>();
        Runnable look = () -> {
            assertThat(line.lock.isHeldByCurrentThread()).isFalse();
            seenByAnother.add(Caller.start(() -> line.report().waiting()).result());
        };
        CompletableFuture<Void> first = lineUp(line).handle((slot, failure) -> {
            look.run();
            return null;
        });

        endWait.accept(line);
        first.join();
        assertThat(seenByAnother).containsExactly(0);
        held.close();
    }

    @Test
    void dependentsOfAFutureThatASlotsEndCompletesRunWithoutTheLock() {
        Slot held = take(line);
        CompletableFuture<Integer> looked = lineUp(line).thenApply(slot -> {
            assertThat(line.lock.isHeldByCurrentThread()).isFalse();
            return Caller.start(() -> line.report().inFlight()).result();
        });

        held.close();
        assertThat(looked.join()).isEqualTo(1);
    }

    @Test
    void dependentsRunNeitherOnTheGovernorsThreadNorOnThatOfWhoMakesRoom() throws InterruptedException {
        AtomicReference<Thread> governor = new AtomicReference<>();
        AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(60));
        List<Thread> ran = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<?>> looked = new ArrayList<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofMillis(1))
                .sampler(cpu::get)
                .listener(step -> governor.set(Thread.currentThread()))
                .build()) {
            Slot held = gate.slot();
            List<CompletableFuture<Slot>> turns = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                CompletableFuture<Slot> turn = gate.slotAsync();
                turns.add(turn);
                looked.add(turn.handle((slot, failure) -> ran.add(Thread.currentThread())));
            }

            // No join() before they are done: it would help, and run dependents here.
            held.close();
            Await.until("the first is granted", turns.get(0)::isDone);
            gate.setSlots(2, 3);
            Await.until("the second is granted", turns.get(1)::isDone);
            cpu.set(CpuSample.of(10)); // the governor makes room
            Await.until("the third is granted", turns.get(2)::isDone);
            gate.close();
            looked.forEach(CompletableFuture::join);
            assertThat(turns.get(3)).isCompletedExceptionally();
            assertThat(ran).hasSize(4).doesNotContain(Thread.currentThread(), governor.get());
        }
    }

    static List<Executor> brokenCompleters() {
        return List.of(
                task -> {
                    throw new RejectedExecutionException();
                },
                task -> {
                    throw new OutOfMemoryError("no thread");
                },
                task -> {
                    task.run();
                    throw new RejectedExecutionException("after all was done");
                });
    }

    @ParameterizedTest
    @MethodSource("brokenCompleters")
    void aFutureIsCompletedThoughItsCompleterThrows(Executor broken) {
        WaitingLine unlucky = lineOfOne(broken);
        Slot held = take(unlucky);
        CompletableFuture<Slot> admitted = lineUp(unlucky);
        CompletableFuture<Slot> refused = lineUp(unlucky);

        held.close();
        assertThat(admitted).isCompleted();
        assertLine(unlucky, 1, 1);
        unlucky.close();
        assertThat(refused).isCompletedExceptionally();
        assertLine(unlucky, 1, 0);
    }

    @Test
    void aLongChainOfSlotsThatEndInEachOthersDependentsDoesNotGrowTheStack() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual(60).build()) {
            Slot held = gate.slot();
            AtomicInteger ended = new AtomicInteger();
            for (int i = 0; i < 20_000; i++) {
                var unused = gate.slotAsync().thenAccept(slot -> {
                    slot.close();
                    ended.incrementAndGet();
                });
            }

            held.close();
            assertThat(ended).hasValue(20_000);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aRaisedLimitAdmitsExactlyAsManyFuturesAsFit() throws InterruptedException {
        try (AdaptiveCpuGate gate = manual(10).build()) {
            Slot held = gate.slot();
            List<CompletableFuture<Slot>> turns = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                turns.add(gate.slotAsync());
            }

            assertThat(gate.adjust().limitAfter()).isEqualTo(2);
            assertThat(turns.stream().map(CompletableFuture::isDone))
                    .containsExactly(true, false, false, false, false, false);
            gate.setSlots(5, 8);
            assertThat(turns.stream().map(CompletableFuture::isDone))
                    .containsExactly(true, true, true, true, false, false);
            gate.setSlots(1, 2);
            turns.get(0).join().close();
            held.close();
            assertThat(turns.get(4)).as("three are in flight still").isNotDone();
            assertThat(gate.snapshot())
                    .returns(3, GateSnapshot::inFlight)
                    .returns(2, GateSnapshot::waiting)
                    .returns(2, GateSnapshot::limit);
        }
    }

    @Test
    void trySlotNeverOvertakesAFuture() {
        WaitingLine slow = lineOfOne(granted::add);
        Slot held = take(slow);
        CompletableFuture<Slot> turn = lineUp(slow);

        assertThat(slow.tryEnter(new Slot(slow))).isFalse();
        held.close();
        assertThat(turn).isNotDone();
        assertThat(slow.tryEnter(new Slot(slow)))
                .as("the slot is taken, though its future does not know yet")
                .isFalse();
        granted.remove().run();
        turn.join().close();
        assertThat(slow.tryEnter(new Slot(slow))).isTrue();
    }
}
