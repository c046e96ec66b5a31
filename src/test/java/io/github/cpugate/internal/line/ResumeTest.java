package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.interruptOvertakenBy;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pauses slots, and resumes them: the back-off, the second wait in line, and each way in which they can end. */
class ResumeTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // overflows during the tests

    private final WaitingLine line = line(1, new Trampoline());

    /** The completions of futures of a line that was made with {@code completions::add}; tests run them. */
    private final Deque<Runnable> completions = new ArrayDeque<>();

    private WaitingLine line(int limit, Executor completer) {
        return LineFixture.line()
                .limit(limit)
                .clock(clock::get)
                .completer(completer)
                .build();
    }

    /** A paused slot that the service refused for a minute. The ceiling is not below the floor: others are admitted. */
    private static Slot pausedAndRefused(WaitingLine line) {
        Slot slot = takeAndPause(line);
        slot.rateLimited(Duration.ofMinutes(1));
        return slot;
    }

    private void advanceClock(long nanos) {
        clock.addAndGet(nanos);
    }

    private static Caller<Boolean> resume(Slot slot) {
        return Caller.start(() -> {
            slot.resume();
            return true;
        });
    }

    private static Caller<Boolean> resumeInLine(WaitingLine line, Slot slot) {
        return Caller.startInLine(line, () -> {
            slot.resume();
            return true;
        });
    }

    private static Caller<Boolean> resumeBackingOff(Slot slot) {
        Caller<Boolean> caller = resume(slot);
        Await.parked(caller.thread());
        return caller;
    }

    /** Asserts that the slot is paused: it can be resumed, and is then held once. */
    private static void assertPaused(WaitingLine line, Slot slot) {
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        assertThat(resumption).isCompletedWithValue(slot);
        assertLine(line, 1, 0);
        slot.close();
        assertLine(line, 0, 0);
        takeFree(line).close();
        assertLine(line, 0, 0);
    }

    /** Waits until the future is complete, and returns its failure. */
    private static Throwable failure(CompletableFuture<Slot> future) {
        Await.until("the future is complete", future::isDone);
        return future.handle((slot, failure) -> failure).join();
    }

    @Test
    void aPausedSlotGoesToTheNextInLineAndResumesAheadOfNewcomers() {
        Slot first = takeFree(line);
        CompletableFuture<Slot> second = enterAsync(line);
        CompletableFuture<Slot> third = enterAsync(line);
        CompletableFuture<Slot> fourth = enterAsync(line);

        first.pause();
        second.join().pause();
        assertThat(third).isCompleted();
        CompletableFuture<Slot> firstAgain = first.resumeAsync();
        Caller<Boolean> secondAgain = resumeInLine(line, second.join());
        CompletableFuture<Slot> last = enterAsync(line);
        third.join().close();
        assertThat(firstAgain).isCompleted();
        assertThat(fourth).isNotDone();
        first.close();
        assertThat(secondAgain.result()).isTrue();
        second.join().close();
        fourth.join().close();
        last.join().close();
        assertLine(line, 0, 0);
    }

    @Test
    void aHeldSlotIsResumedAtOnceAndAClosedSlotNever() throws InterruptedException {
        Slot slot = takeFree(line);
        slot.resume();
        assertThat(slot.resumeAsync()).isCompletedWithValue(slot);
        assertLine(line, 1, 0);

        slot.close();
        slot.pause();
        assertThatThrownBy(slot::resume).isInstanceOf(IllegalStateException.class);
        assertThat(failure(slot.resumeAsync())).isInstanceOf(IllegalStateException.class);
        assertLine(line, 0, 0);
    }

    @Test
    void closingAPausedSlotGivesNothingBack() {
        Slot slot = takeAndPause(line);
        slot.pause();
        Slot other = takeFree(line);
        slot.close();
        slot.close();

        assertLine(line, 1, 0);
        other.close();
        assertLine(line, 0, 0);
    }

    @Test
    void aRefusedSessionBacksOffByTheGatesClock() {
        Slot slot = pausedAndRefused(line);
        assertThat(slot.resumeAsync()).as("it backs off for a minute").isNotDone();
        Slot late = pausedAndRefused(line);
        advanceClock(61 * SECOND);

        assertThat(late.resumeAsync()).isCompletedWithValue(late);
        assertLine(line, 1, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aBackOffEndsByItselfEvenIfTheGatesClockStandsStill(boolean blocks) {
        Slot slot = pausedAndRefused(line);
        advanceClock(60 * SECOND - 50_000_000);

        if (blocks) {
            assertThat(resume(slot).result()).isTrue();
        } else {
            assertThat(slot.resumeAsync().join()).isSameAs(slot);
        }
        assertLine(line, 1, 0);
        slot.pause();
        assertThat(slot.resumeAsync())
                .as("not refused since the slot was resumed")
                .isCompleted();
    }

    @Test
    void aSlotThatIsBeingResumedCannotBeResumedAgain() {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        CompletableFuture<Slot> first = slot.resumeAsync();

        assertThat(failure(slot.resumeAsync())).hasMessage("the slot is being resumed");
        assertThat(resume(slot).failure()).hasMessage("the slot is being resumed");
        slot.pause();
        assertLine(line, 1, 1);
        held.close();
        assertThat(first).isCompletedWithValue(slot);
        assertLine(line, 1, 0);
    }

    static List<Consumer<CompletableFuture<Slot>>> foreignCompletions() {
        return List.of(
                resumption -> resumption.cancel(false),
                resumption -> resumption.completeExceptionally(new IllegalStateException()),
                resumption -> resumption.complete(null),
                resumption -> {
                    resumption.orTimeout(1, TimeUnit.MICROSECONDS);
                    Await.until("the future has timed out", resumption::isDone);
                },
                resumption -> {
                    resumption.completeOnTimeout(null, 1, TimeUnit.MICROSECONDS);
                    Await.until("the future has timed out", resumption::isDone);
                });
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureThatBacksOffLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = pausedAndRefused(line);
        complete.accept(slot.resumeAsync());
        advanceClock(61 * SECOND);

        assertPaused(line, slot);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureInLineLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        complete.accept(slot.resumeAsync());
        held.close();

        assertPaused(line, slot);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureAfterItsGrantLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        WaitingLine delayed = line(1, completions::add);
        Slot slot = takeAndPause(delayed);
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        held.close();
        assertLine(delayed, 1, 0);
        assertThat(resumption).isNotDone();

        complete.accept(resumption);
        assertThat(resumption).isDone();
        CompletableFuture<Slot> again = slot.resumeAsync();
        while (!completions.isEmpty()) {
            completions.remove().run();
        }
        assertThat(again).isCompletedWithValue(slot);
        assertLine(delayed, 1, 0);
        slot.close();
        assertLine(delayed, 0, 0);
        takeFree(delayed).close();
        assertLine(delayed, 0, 0);
    }

    @Test
    void aGrantToACancelledFutureDoesNotCloseTheSlot() {
        WaitingLine delayed = line(1, completions::add);
        Slot slot = takeAndPause(delayed);
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        held.close();
        resumption.cancel(false);
        completions.remove().run();

        assertPaused(delayed, slot);
    }

    @Test
    void aSlotResumedAgainAfterACancelledGrantIsHeldOnce() {
        WaitingLine delayed = line(2, completions::add);
        Slot slot = takeAndPause(delayed);
        Slot held = takeFree(delayed);
        Slot other = takeFree(delayed);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        held.close();
        other.close();
        resumption.cancel(false);
        assertThat(slot.resumeAsync()).isCompletedWithValue(slot);
        completions.remove().run();

        assertLine(delayed, 1, 0);
        slot.close();
        assertLine(delayed, 0, 0);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void aDependentStageOfACompletedFutureMayResumeTheSlotAgain(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        // The dependent stage that was added last runs first.
        List<CompletableFuture<Slot>> again = new ArrayList<>();
        CompletableFuture<Boolean> dependent = resumption.handle((value, failure) -> again.add(slot.resumeAsync()));

        complete.accept(resumption);
        assertThat(dependent.join()).isTrue();
        assertLine(line, 1, 1);
        held.close();
        assertThat(again).singleElement().satisfies(second -> assertThat(second).isCompletedWithValue(slot));
        assertLine(line, 1, 0);
    }

    @Test
    void aCancelledBackOffDoesNotEndTheNextOne() {
        for (int i = 0; i < 20; i++) {
            Slot slot = pausedAndRefused(line);
            advanceClock(60 * SECOND - 10_000_000);
            slot.resumeAsync().cancel(false);
            CompletableFuture<Slot> again = slot.resumeAsync();

            Await.until("the slot is resumed", again::isDone);
            assertThat(again).isCompletedWithValue(slot);
            assertLine(line, 1, 0);
            slot.close();
        }
    }

    @Test
    void aPauseRightAfterTheGrantTakesEffect() throws InterruptedException {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        Caller<Boolean> caller = resumeInLine(line, slot);

        line.lock.lock();
        try {
            held.close();
            slot.pause();
        } finally {
            line.lock.unlock();
        }
        assertThat(caller.result()).isTrue();
        assertLine(line, 0, 0);
        slot.resume();
        assertLine(line, 1, 0);
    }

    static List<Function<Slot, Caller<Boolean>>> waysToResume() {
        return List.of(
                slot -> {
                    Caller<Boolean> caller = resume(slot);
                    Await.until(
                            "the thread backs off or waits in line",
                            () -> caller.thread().getState() != Thread.State.RUNNABLE);
                    Await.parked(caller.thread());
                    return caller;
                },
                slot -> {
                    CompletableFuture<Slot> resumption = slot.resumeAsync();
                    return Caller.start(() -> {
                        try {
                            return resumption.join() == slot;
                        } catch (CompletionException e) {
                            throw (Exception) e.getCause();
                        }
                    });
                });
    }

    @ParameterizedTest
    @MethodSource("waysToResume")
    void closingASlotInLineEndsItsWaitAtOnce(Function<Slot, Caller<Boolean>> resumption) {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        Caller<Boolean> caller = resumption.apply(slot);
        CompletableFuture<Slot> next = enterAsync(line);

        slot.close();
        assertThat(caller.failure()).hasMessage("the slot was closed while it was being resumed");
        assertLine(line, 1, 1);
        held.close();
        assertThat(next).isCompleted();
        assertLine(line, 1, 0);
    }

    @ParameterizedTest
    @MethodSource("waysToResume")
    void closingASlotThatBacksOffEndsItsBackOffAtOnce(Function<Slot, Caller<Boolean>> resumption) {
        Slot slot = pausedAndRefused(line);
        Caller<Boolean> caller = resumption.apply(slot);

        slot.close();
        assertThat(caller.failure()).hasMessage("the slot was closed while it was being resumed");
        assertLine(line, 0, 0);
    }

    @ParameterizedTest
    @MethodSource("waysToResume")
    void closingTheGateEndsAllBackOffsAndWaitsAtOnce(Function<Slot, Caller<Boolean>> resumption) {
        Slot backsOff = pausedAndRefused(line);
        Slot waits = takeAndPause(line);
        Slot held = takeFree(line);
        List<Caller<Boolean>> callers = List.of(resumption.apply(backsOff), resumption.apply(waits));
        assertLine(line, 1, 1);

        line.close();
        assertThat(callers).allSatisfy(caller -> assertThat(caller.failure()).isInstanceOf(GateClosedException.class));
        assertThat(resume(backsOff).failure()).isInstanceOf(GateClosedException.class);
        assertThat(failure(waits.resumeAsync())).isInstanceOf(GateClosedException.class);
        backsOff.close();
        waits.close();
        assertLine(line, 1, 0);
        held.close();
        assertLine(line, 0, 0);
    }

    @Test
    void anInterruptEndsABackOffOrAWaitAndLeavesTheSlotPaused() {
        Slot slot = pausedAndRefused(line);
        Caller<Boolean> backsOff = resumeBackingOff(slot);
        backsOff.thread().interrupt();
        assertThat(backsOff.failure()).isInstanceOf(InterruptedException.class);
        advanceClock(61 * SECOND);

        Slot held = takeFree(line);
        Caller<Boolean> waits = resumeInLine(line, slot);
        waits.thread().interrupt();
        assertThat(waits.failure()).isInstanceOf(InterruptedException.class);
        assertLine(line, 1, 0);
        held.close();
        assertPaused(line, slot);
    }

    @Test
    void aGrantThatRacesWithAnInterruptStands() {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        Caller<Boolean> caller = resumeInLine(line, slot);

        interruptOvertakenBy(line, caller.thread(), held::close);
        assertThat(caller.result()).isTrue();
        assertThat(caller.interruptedAfter()).isTrue();
        assertLine(line, 1, 0);
    }

    @Test
    void aShutFloorOpensForSessionsInTheOrderTheyResume() {
        Slot early = takeAndPause(line);
        Slot first = takeFree(line);
        CompletableFuture<Slot> newcomer = enterAsync(line);
        List<Slot> order = new ArrayList<>();
        var unusedEarly = early.resumeAsync().thenAccept(order::add);
        first.rateLimited(Duration.ofSeconds(5));
        first.pause();
        assertThat(order)
                .as("no session is admitted while the service refuses the floor")
                .isEmpty();
        assertLine(line, 0, 2);

        advanceClock(6 * SECOND);
        var unusedFirst = first.resumeAsync().thenAccept(order::add);
        assertThat(order).as("the session that resumed earlier").containsExactly(early);
        assertLine(line, 1, 2);
        line.setBounds(2, 8);
        assertThat(order).containsExactly(early, first);
        assertThat(newcomer).isNotDone();
        early.close();
        assertThat(newcomer).isCompleted();
        assertLine(line, 2, 0);
    }

    @Test
    void aShutFloorOpensByTheClockThoughItsSessionIsClosedAndNoStepIsMade() {
        Slot slot = takeFree(line);
        slot.rateLimited(Duration.ofSeconds(5));
        slot.pause();
        CompletableFuture<Slot> waits = enterAsync(line);
        slot.close();
        line.endStep(1, 1, false);
        assertThat(waits).isNotDone();
        advanceClock(5 * SECOND - 1);
        assertThat(line.tryEnter(new LineSlot(line))).isFalse();
        assertThat(waits).isNotDone();

        advanceClock(1);
        assertThat(line.tryEnter(new LineSlot(line)))
                .as("a newcomer does not overtake the line")
                .isFalse();
        assertThat(waits).isCompleted();
    }

    @Test
    void aSlotGivenBackAdmitsMoreCallersIfTheFloorHasOpened() {
        WaitingLine floor =
                LineFixture.line().limit(9).bounds(9, 9).clock(clock::get).build();
        Slot held = takeFree(floor);
        for (int i = 0; i < 8; i++) {
            Slot slot = takeFree(floor);
            slot.rateLimited(Duration.ofSeconds(5));
            slot.pause();
        }
        List<CompletableFuture<Slot>> waiting = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            waiting.add(enterAsync(floor));
        }
        assertLine(floor, 1, 9);

        advanceClock(5 * SECOND);
        held.close();
        assertThat(waiting).allSatisfy(future -> assertThat(future).isCompleted());
        assertLine(floor, 9, 0);
    }

    @Test
    void aSessionThatHasBackedOffByTheJvmsClockOpensTheFloorForItself() {
        Slot slot = takeFree(line);
        slot.rateLimited(Duration.ofMillis(50));
        slot.pause();
        CompletableFuture<Slot> waits = enterAsync(line);

        assertThat(slot.resumeAsync().join())
                .as("the line's clock stands still")
                .isSameAs(slot);
        assertThat(waits).isNotDone();
        assertLine(line, 1, 1);
    }

    @Test
    void refusalsOfOneEventCutTheCeilingOnceEvenAfterARaise() {
        WaitingLine many = line(8, new Trampoline());
        List<Slot> full = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            full.add(takeFree(many));
        }
        full.get(0).rateLimited(Duration.ofSeconds(1));
        full.forEach(Slot::close);
        List<Slot> running = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            var unused = enterAsync(many).thenAccept(running::add);
        }
        assertThat(running).hasSize(5);
        many.endStep(8, 8, false);
        advanceClock(2 * SECOND);
        assertThat(many.endStep(8, 8, false).apiCeiling()).as("raised").isEqualTo(6);
        assertThat(running).hasSize(6);

        for (Slot slot : running) {
            slot.rateLimited(Duration.ofSeconds(1));
            slot.pause();
        }
        assertThat(many.snapshot().apiCeiling())
                .as("the raise is taken back once")
                .isEqualTo(5);
    }

    @Test
    void aLineWhoseSlotsAreAllPausedIsIdle() throws InterruptedException {
        Slot slot = takeFree(line);
        Caller<Boolean> idle = Caller.start(() -> line.awaitIdle(60 * SECOND));
        Await.parked(idle.thread());

        slot.pause();
        assertThat(idle.result()).isTrue();
        slot.resume();
        assertThat(line.awaitIdle(0)).isFalse();
    }

    private static WeakReference<Slot> dropPaused(WaitingLine line) {
        return new WeakReference<>(takeAndPause(line));
    }

    private static WeakReference<Slot> dropResumed(WaitingLine line) {
        return new WeakReference<>(takeAndPause(line).resumeAsync().join());
    }

    private static void collect(WeakReference<?> dropped) {
        Await.until("the slot is collected", () -> {
            System.gc();
            return dropped.refersTo(null);
        });
    }

    @Test
    void aLostPausedSlotIsNoLeakAndALostResumedSlotIsGivenBack() {
        collect(dropPaused(line));
        assertThat(line.findLeaks().collected()).isZero();

        WeakReference<Slot> dropped = dropResumed(line);
        assertLine(line, 1, 0);
        Await.until("the slot is given back", () -> {
            System.gc();
            line.findLeaks();
            return line.snapshot().inFlight() == 0;
        });
        assertThat(dropped.refersTo(null)).isTrue();
    }

    @Test
    void theTimeThatASlotIsHeldStartsAnewWhenItIsResumed() throws InterruptedException {
        WaitingLine warning =
                LineFixture.line().clock(clock::get).leakWarning(10 * SECOND).build();
        LineSlot slot = takeFree(warning);
        advanceClock(9 * SECOND);
        slot.pause();
        advanceClock(100 * SECOND);
        assertThat(warning.findLeaks().overdue()).isEmpty();

        slot.resume();
        advanceClock(10 * SECOND);
        assertThat(warning.findLeaks().overdue()).isEmpty();
        advanceClock(1);
        assertThat(warning.findLeaks().overdue())
                .extracting(SlotSet.Overdue::origin)
                .containsExactly(slot.origin);
        slot.close();
    }

    @Test
    void anErrorInTheWaitLeavesTheSlotPaused() {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread failing = new Thread() {
            @Override
            public void run() {
                try {
                    slot.resume();
                } catch (Throwable t) {
                    thrown.complete(t);
                }
            }

            /** Called by the waiting thread before it parks; grants the slot, and then fails. */
            @Override
            public boolean isInterrupted() {
                held.close();
                throw new StackOverflowError("stack overflow in the test");
            }
        };
        failing.start();

        assertThat(thrown.join()).hasMessage("stack overflow in the test");
        assertLine(line, 0, 0);
        assertPaused(line, slot);
    }

    @Test
    void aFutureIsNotCompletedByTheThreadThatMakesRoom() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .sampler(() -> CpuSample.of(60))
                .period(Duration.ofHours(1))
                .build()) {
            Slot slot = gate.slot();
            slot.pause();
            Slot held = gate.slot();
            CompletableFuture<Slot> resumption = slot.resumeAsync();
            CompletableFuture<Thread> ran = resumption.thenApply(resumed -> Thread.currentThread());
            held.close();
            Await.until("the dependent stage has run", ran::isDone);

            assertThat(ran.join()).isNotSameAs(Thread.currentThread());
            slot.close();
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
        }
    }
}
