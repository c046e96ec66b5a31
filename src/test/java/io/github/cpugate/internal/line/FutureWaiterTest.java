package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.take;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static io.github.cpugate.internal.line.LineFixture.takeWithin;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
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

/** Callers in line that hold a future and do not block. */
class FutureWaiterTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(5);

    private final WaitingLine line = LineFixture.lineOf(1);

    /** The completions of futures of {@link #delayed}, which run when a test runs them. */
    private final Deque<Runnable> completions = new ArrayDeque<>();

    /** A line in which a test can act between the decision about a waiter and the completion of its future. */
    private final WaitingLine delayed = lineOfOne(completions::add);

    private static WaitingLine lineOfOne(Executor completer) {
        return LineFixture.line().completer(completer).build();
    }

    private static AdaptiveCpuGate.Builder manual(double cpu) {
        return AdaptiveCpuGate.builder().manual().name("test").maxSlots(8).sampler(() -> CpuSample.of(cpu));
    }

    /** Starts a call that acquires the line's lock, and runs the action while the call waits for the lock. */
    private static <T> Caller<T> startOvertakenBy(WaitingLine line, Callable<T> call, Runnable action) {
        line.lock.lock();
        try {
            Caller<T> caller = Caller.start(call);
            Await.until("the call waits for the lock", () -> line.lock.hasQueuedThread(caller.thread()));
            action.run();
            return caller;
        } finally {
            line.lock.unlock();
        }
    }

    @Test
    void aFreeSlotIsGrantedAtOnce() {
        CompletableFuture<Slot> first = enterAsync(line);

        assertThat(first).isCompleted();
        assertThat(enterAsync(line)).isNotDone();
        assertLine(line, 1, 1);
    }

    @Test
    void threadsAndFuturesWaitInOneLine() {
        Slot held = takeFree(line);
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Slot>> futures = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            int number = i;
            if (number % 3 == 0) {
                futures.add(enterAsync(line).whenComplete((slot, failure) -> served.add(number)));
                continue;
            }
            CompletableFuture<Slot> future = new CompletableFuture<>();
            futures.add(future);
            Caller.startInLine(line, () -> {
                LineSlot slot = number % 3 == 1 ? take(line) : takeWithin(line, LONG);
                assertThat(slot).isNotNull();
                served.add(number);
                return future.complete(slot);
            });
        }

        for (CompletableFuture<Slot> future : futures) {
            held.close();
            held = future.join();
        }
        assertThat(served).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
        assertLine(line, 1, 0);
    }

    static List<Consumer<CompletableFuture<Slot>>> foreignCompletions() {
        return List.of(
                future -> future.cancel(false),
                future -> future.completeExceptionally(new IllegalStateException()),
                future -> future.complete(null),
                future -> future.complete(takeFree(lineOfOne(Runnable::run))),
                future -> future.orTimeout(1, TimeUnit.MICROSECONDS),
                future -> future.completeOnTimeout(null, 1, TimeUnit.MICROSECONDS));
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureTakesItsCallerOutOfTheLine(Consumer<CompletableFuture<Slot>> complete) {
        Slot held = takeFree(line);
        CompletableFuture<Slot> before = enterAsync(line);
        CompletableFuture<Slot> completed = enterAsync(line);
        CompletableFuture<Slot> after = enterAsync(line);

        complete.accept(completed);
        Await.until("the future is complete", completed::isDone);
        assertThat(line.snapshot().waiting()).isEqualTo(2);
        held.close();
        before.join().close();
        assertThat(after).as("the caller behind moved up").isCompleted();
        assertLine(line, 1, 0);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void aSlotGrantedToACompletedFutureGoesToTheNextInLine(Consumer<CompletableFuture<Slot>> complete) {
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> completed = enterAsync(delayed);
        CompletableFuture<Slot> next = enterAsync(delayed);

        held.close();
        complete.accept(completed);
        Await.until("the future is complete", completed::isDone);
        assertLine(delayed, 1, 0);
        completions.remove().run();
        completions.remove().run();
        next.join().close();
        assertLine(delayed, 0, 0);
        assertThat(completions).isEmpty();
    }

    @Test
    void aGrantThatPrecedesACancellationGoesToTheNextInLine() {
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> cancelled = enterAsync(delayed);
        CompletableFuture<Slot> next = enterAsync(delayed);

        Caller<Boolean> canceller = startOvertakenBy(delayed, () -> cancelled.cancel(false), held::close);
        assertThat(canceller.result()).isTrue();
        assertLine(delayed, 1, 0);
        completions.remove().run();
        completions.remove().run();
        assertThat(next).isCompleted();
        assertLine(delayed, 1, 0);
    }

    @Test
    void aCancellationThatPrecedesAGrantTakesTheCallerOutOfTheLine() {
        Slot held = takeFree(line);
        CompletableFuture<Slot> cancelled = enterAsync(line);
        CompletableFuture<Slot> next = enterAsync(line);

        Caller<Boolean> closer = startOvertakenBy(
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
    void closeFailsTheFuturesInLineAndLaterFutures() {
        Slot held = takeFree(line);
        List<CompletableFuture<Slot>> futures = List.of(enterAsync(line), enterAsync(line));

        line.close();
        assertThat(futures)
                .allSatisfy(future -> assertThat(future.handle((slot, failure) -> failure))
                        .isCompletedWithValueMatching(failure -> failure instanceof GateClosedException));
        assertThatThrownBy(() -> enterAsync(line).join())
                .as("the future fails; the call throws nothing")
                .hasCause(new GateClosedException("test"));
        assertLine(line, 1, 0);
        held.close();
        assertLine(line, 0, 0);
    }

    @Test
    void aDecisionStandsBeforeItsFutureIsCompleted() {
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> admitted = enterAsync(delayed);
        CompletableFuture<Slot> refused = enterAsync(delayed);
        CompletableFuture<Slot> cancelled = enterAsync(delayed);

        held.close();
        delayed.close();
        cancelled.cancel(false);
        assertLine(delayed, 1, 0);
        completions.forEach(Runnable::run);
        assertThat(admitted).isCompleted();
        assertThatThrownBy(refused::join).hasCauseInstanceOf(GateClosedException.class);
        assertThat(cancelled).isCancelled();
        assertLine(delayed, 1, 0);
    }

    static List<Consumer<WaitingLine>> endsOfTheWait() {
        return List.of(line -> line.endStep(1, 2, false), line -> line.setBounds(2, 8), WaitingLine::close);
    }

    @ParameterizedTest
    @MethodSource("endsOfTheWait")
    void dependentStagesRunWithoutTheLock(Consumer<WaitingLine> endWait) {
        Slot held = takeFree(line);
        List<Integer> seenByAnotherThread = new ArrayList<>();
        Runnable look = () -> {
            assertThat(line.lock.isHeldByCurrentThread()).isFalse();
            seenByAnotherThread.add(
                    Caller.start(() -> line.snapshot().waiting()).result());
        };
        CompletableFuture<Void> first = enterAsync(line).handle((slot, failure) -> {
            look.run();
            return null;
        });

        endWait.accept(line);
        first.join();
        assertThat(seenByAnotherThread).containsExactly(0);
        held.close();
    }

    @Test
    void dependentStagesRunWithoutTheLockWhenASlotIsGivenBack() {
        Slot held = takeFree(line);
        CompletableFuture<Integer> inFlight = enterAsync(line).thenApply(slot -> {
            assertThat(line.lock.isHeldByCurrentThread()).isFalse();
            return Caller.start(() -> line.snapshot().inFlight()).result();
        });

        held.close();
        assertThat(inFlight.join()).isEqualTo(1);
    }

    @Test
    void dependentStagesRunNeitherOnTheGovernorNorOnTheThreadThatMakesRoom() throws InterruptedException {
        AtomicReference<Thread> governor = new AtomicReference<>();
        AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(60));
        List<Thread> ran = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<?>> dependents = new ArrayList<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofMillis(1))
                .sampler(cpu::get)
                .listener(step -> governor.set(Thread.currentThread()))
                .build()) {
            Slot held = gate.slot();
            List<CompletableFuture<Slot>> futures = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                CompletableFuture<Slot> future = gate.slotAsync();
                futures.add(future);
                dependents.add(future.handle((slot, failure) -> ran.add(Thread.currentThread())));
            }

            // Joining a future that is not done would run its dependent stages on this thread.
            held.close();
            Await.until("the first future is complete", futures.get(0)::isDone);
            gate.setSlots(2, 3);
            Await.until("the second future is complete", futures.get(1)::isDone);
            cpu.set(CpuSample.of(10)); // the governor makes room
            Await.until("the third future is complete", futures.get(2)::isDone);
            gate.close();
            dependents.forEach(CompletableFuture::join);
            assertThat(futures.get(3)).isCompletedExceptionally();
            assertThat(ran).hasSize(4).doesNotContain(Thread.currentThread(), governor.get());
        }
    }

    static List<Executor> failingCompleters() {
        return List.of(
                task -> {
                    throw new RejectedExecutionException();
                },
                task -> {
                    throw new OutOfMemoryError("no thread");
                },
                task -> {
                    task.run();
                    throw new RejectedExecutionException("after the task has run");
                });
    }

    @ParameterizedTest
    @MethodSource("failingCompleters")
    void aFutureIsCompletedEvenIfItsCompleterThrows(Executor failing) {
        WaitingLine failingLine = lineOfOne(failing);
        Slot held = takeFree(failingLine);
        CompletableFuture<Slot> admitted = enterAsync(failingLine);
        CompletableFuture<Slot> refused = enterAsync(failingLine);

        held.close();
        assertThat(admitted).succeedsWithin(Await.DEADLINE);
        assertLine(failingLine, 1, 1);
        failingLine.close();
        assertThat(refused).failsWithin(Await.DEADLINE);
        assertLine(failingLine, 1, 0);
    }

    @Test
    void aLongChainOfHandOversDoesNotGrowTheStack() throws InterruptedException {
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
            List<CompletableFuture<Slot>> futures = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                futures.add(gate.slotAsync());
            }

            assertThat(gate.step().limitAfter()).isEqualTo(2);
            assertThat(futures.stream().map(CompletableFuture::isDone))
                    .containsExactly(true, false, false, false, false, false);
            gate.setSlots(5, 8);
            assertThat(futures.stream().map(CompletableFuture::isDone))
                    .containsExactly(true, true, true, true, false, false);
            gate.setSlots(1, 2);
            futures.get(0).join().close();
            held.close();
            assertThat(futures.get(4)).as("three slots are still in flight").isNotDone();
            assertThat(gate.snapshot())
                    .returns(3, GateSnapshot::inFlight)
                    .returns(2, GateSnapshot::waiting)
                    .returns(2, GateSnapshot::limit);
        }
    }

    @Test
    void trySlotNeverOvertakesAFuture() {
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> future = enterAsync(delayed);

        assertThat(delayed.tryEnter(new LineSlot(delayed))).isFalse();
        held.close();
        assertThat(future).isNotDone();
        assertThat(delayed.tryEnter(new LineSlot(delayed)))
                .as("the slot is granted, and its future not completed yet")
                .isFalse();
        completions.remove().run();
        future.join().close();
        assertThat(delayed.tryEnter(new LineSlot(delayed))).isTrue();
    }
}
