package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.cpu.CpuSample;
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

/** Sessions that give their slot to others for the time being, and come back for it. */
class ResumeTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // wraps round during the tests

    /** What a completer was given and has not run: between a slot's grant and the future's completion. */
    private final Deque<Runnable> granted = new ArrayDeque<>();

    private final WaitingLine line = line(1, new CallingThread());

    private WaitingLine line(int limit, Executor completer) {
        return new WaitingLine("test", 1, 8, limit, clock::get, 0, completer);
    }

    private static Slot take(WaitingLine line) {
        Slot slot = new Slot(line);
        assertThat(line.tryEnter(slot)).isTrue();
        return slot;
    }

    private static Slot paused(WaitingLine line) {
        Slot slot = take(line);
        slot.pause();
        return slot;
    }

    /** Refused for a minute, and paused. The ceiling is not below the floor: others are let in. */
    private static Slot refused(WaitingLine line) {
        Slot slot = take(line);
        slot.pause();
        slot.rateLimited(Duration.ofMinutes(1));
        return slot;
    }

    private void pass(long nanos) {
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

    private static Caller<Boolean> resumeAtRest(Slot slot) {
        Caller<Boolean> caller = resume(slot);
        Await.parked(caller.thread());
        return caller;
    }

    private static void assertLine(WaitingLine line, int inFlight, int waiting) {
        assertThat(line.report())
                .extracting(LineReport::inFlight, LineReport::waiting)
                .as("in flight, waiting")
                .containsExactly(inFlight, waiting);
    }

    /** Paused as ever: it can be resumed, and is held once then. */
    private static void assertPaused(WaitingLine line, Slot slot) {
        CompletableFuture<Slot> back = slot.resumeAsync();
        assertThat(back).isCompletedWithValue(slot);
        assertLine(line, 1, 0);
        slot.close();
        assertLine(line, 0, 0);
        take(line).close();
        assertLine(line, 0, 0);
    }

    /** What a future came to, or a thread. */
    private static Throwable failure(CompletableFuture<Slot> future) {
        Await.until("it is complete", future::isDone);
        return future.handle((slot, failure) -> failure).join();
    }

    @Test
    void aPausedSlotGoesToTheNextInLineAndComesBackBeforeThoseWhoWereNotAdmittedYet() {
        Slot first = take(line);
        CompletableFuture<Slot> second = line.enterAsync(new Slot(line));
        CompletableFuture<Slot> third = line.enterAsync(new Slot(line));
        CompletableFuture<Slot> fourth = line.enterAsync(new Slot(line));

        first.pause();
        second.join().pause();
        assertThat(third).isCompleted();
        CompletableFuture<Slot> firstAgain = first.resumeAsync();
        Caller<Boolean> secondAgain = resumeInLine(line, second.join());
        CompletableFuture<Slot> last = line.enterAsync(new Slot(line));
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
    void aSlotThatIsNotPausedIsResumedAtOnceAndClosedNever() throws InterruptedException {
        Slot slot = take(line);
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
    void aPausedSlotThatIsClosedGivesBackNothing() {
        Slot slot = paused(line);
        slot.pause();
        Slot other = take(line);
        slot.close();
        slot.close();

        assertLine(line, 1, 0);
        other.close();
        assertLine(line, 0, 0);
    }

    @Test
    void aSessionThatWasRefusedRestsFirstByTheGatesClock() {
        Slot slot = refused(line);
        assertThat(slot.resumeAsync()).as("a minute is left").isNotDone();
        Slot late = refused(line);
        pass(61 * SECOND);

        assertThat(late.resumeAsync()).isCompletedWithValue(late);
        assertLine(line, 1, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRestEndsByItselfThoughTheClockStands(boolean blocks) {
        Slot slot = refused(line);
        pass(60 * SECOND - 50_000_000);

        if (blocks) {
            assertThat(resume(slot).result()).isTrue();
        } else {
            assertThat(slot.resumeAsync().join()).isSameAs(slot);
        }
        assertLine(line, 1, 0);
        slot.pause();
        assertThat(slot.resumeAsync()).as("it was not refused since").isCompleted();
    }

    @Test
    void onlyOneAtATimeResumesASlot() {
        Slot slot = paused(line);
        Slot held = take(line);
        CompletableFuture<Slot> first = slot.resumeAsync();

        assertThat(failure(slot.resumeAsync())).hasMessage("the slot is being resumed");
        assertThat(resume(slot).failure()).hasMessage("the slot is being resumed");
        slot.pause();
        assertLine(line, 1, 1);
        held.close();
        assertThat(first).isCompletedWithValue(slot);
        assertLine(line, 1, 0);
    }

    static List<Consumer<CompletableFuture<Slot>>> completionsByOthers() {
        return List.of(
                back -> back.cancel(false),
                back -> back.completeExceptionally(new IllegalStateException()),
                back -> back.complete(null),
                back -> {
                    back.orTimeout(1, TimeUnit.MICROSECONDS);
                    Await.until("its time has passed", back::isDone);
                },
                back -> {
                    back.completeOnTimeout(null, 1, TimeUnit.MICROSECONDS);
                    Await.until("its time has passed", back::isDone);
                });
    }

    @ParameterizedTest
    @MethodSource("completionsByOthers")
    void whoeverCompletesAFutureAtRestLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = refused(line);
        complete.accept(slot.resumeAsync());
        pass(61 * SECOND);

        assertPaused(line, slot);
    }

    @ParameterizedTest
    @MethodSource("completionsByOthers")
    void whoeverCompletesAFutureInLineLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = paused(line);
        Slot held = take(line);
        complete.accept(slot.resumeAsync());
        held.close();

        assertPaused(line, slot);
    }

    @ParameterizedTest
    @MethodSource("completionsByOthers")
    void whoeverCompletesAFutureThatDoesNotKnowOfItsSlotYetLeavesItPaused(Consumer<CompletableFuture<Slot>> complete) {
        WaitingLine slow = line(1, granted::add);
        Slot slot = paused(slow);
        Slot held = take(slow);
        CompletableFuture<Slot> back = slot.resumeAsync();
        held.close();
        assertLine(slow, 1, 0);
        assertThat(back).isNotDone();

        complete.accept(back);
        assertThat(back).isDone();
        CompletableFuture<Slot> again = slot.resumeAsync();
        while (!granted.isEmpty()) {
            granted.remove().run();
        }
        assertThat(again).isCompletedWithValue(slot);
        assertLine(slow, 1, 0);
        slot.close();
        assertLine(slow, 0, 0);
        take(slow).close();
        assertLine(slow, 0, 0);
    }

    @Test
    void aGrantThatComesToNothingDoesNotCloseTheSlot() {
        WaitingLine slow = line(1, granted::add);
        Slot slot = paused(slow);
        Slot held = take(slow);
        CompletableFuture<Slot> back = slot.resumeAsync();
        held.close();
        back.cancel(false);
        granted.remove().run();

        assertPaused(slow, slot);
    }

    @Test
    void aSlotThatIsResumedAgainBeforeItsGrantIsGivenBackIsHeldOnce() {
        WaitingLine slow = line(2, granted::add);
        Slot slot = paused(slow);
        Slot held = take(slow);
        Slot other = take(slow);
        CompletableFuture<Slot> back = slot.resumeAsync();
        held.close();
        other.close();
        back.cancel(false);
        assertThat(slot.resumeAsync()).isCompletedWithValue(slot);
        granted.remove().run();

        assertLine(slow, 1, 0);
        slot.close();
        assertLine(slow, 0, 0);
    }

    @ParameterizedTest
    @MethodSource("completionsByOthers")
    void whoSeesThatAFutureIsCompleteMayResumeAgain(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = paused(line);
        Slot held = take(line);
        CompletableFuture<Slot> back = slot.resumeAsync();
        // The last to depend on it is the first to be told.
        List<CompletableFuture<Slot>> again = new ArrayList<>();
        CompletableFuture<Boolean> told = back.handle((value, failure) -> again.add(slot.resumeAsync()));

        complete.accept(back);
        assertThat(told.join()).isTrue();
        assertLine(line, 1, 1);
        held.close();
        assertThat(again).singleElement().satisfies(second -> assertThat(second).isCompletedWithValue(slot));
        assertLine(line, 1, 0);
    }

    @Test
    void aRestThatWasCancelledDoesNotEndTheNext() {
        for (int i = 0; i < 20; i++) {
            Slot slot = refused(line);
            pass(60 * SECOND - 10_000_000);
            slot.resumeAsync().cancel(false);
            CompletableFuture<Slot> again = slot.resumeAsync();

            Await.until("it is back", again::isDone);
            assertThat(again).isCompletedWithValue(slot);
            assertLine(line, 1, 0);
            slot.close();
        }
    }

    @Test
    void aPauseRightAfterTheGrantPauses() throws InterruptedException {
        Slot slot = paused(line);
        Slot held = take(line);
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

    static List<Function<Slot, Caller<Boolean>>> resumptions() {
        return List.of(
                slot -> {
                    Caller<Boolean> caller = resume(slot);
                    Await.until("it rests or waits", () -> caller.thread().getState() != Thread.State.RUNNABLE);
                    Await.parked(caller.thread());
                    return caller;
                },
                slot -> {
                    CompletableFuture<Slot> back = slot.resumeAsync();
                    return Caller.start(() -> {
                        try {
                            return back.join() == slot;
                        } catch (CompletionException e) {
                            throw (Exception) e.getCause();
                        }
                    });
                });
    }

    @ParameterizedTest
    @MethodSource("resumptions")
    void closingASlotInLineEndsItsWaitAtOnce(Function<Slot, Caller<Boolean>> resumption) {
        Slot slot = paused(line);
        Slot held = take(line);
        Caller<Boolean> caller = resumption.apply(slot);
        CompletableFuture<Slot> next = line.enterAsync(new Slot(line));

        slot.close();
        assertThat(caller.failure()).hasMessage("the slot was closed while it was being resumed");
        assertLine(line, 1, 1);
        held.close();
        assertThat(next).isCompleted();
        assertLine(line, 1, 0);
    }

    @ParameterizedTest
    @MethodSource("resumptions")
    void closingASlotAtRestEndsItsRestAtOnce(Function<Slot, Caller<Boolean>> resumption) {
        Slot slot = refused(line);
        Caller<Boolean> caller = resumption.apply(slot);

        slot.close();
        assertThat(caller.failure()).hasMessage("the slot was closed while it was being resumed");
        assertLine(line, 0, 0);
    }

    @ParameterizedTest
    @MethodSource("resumptions")
    void closingTheGateEndsAllWaitsAndRestsAtOnceAndTheSlotsCanStillBeClosed(
            Function<Slot, Caller<Boolean>> resumption) {
        Slot rests = refused(line);
        Slot waits = paused(line);
        Slot held = take(line);
        List<Caller<Boolean>> callers = List.of(resumption.apply(rests), resumption.apply(waits));
        assertLine(line, 1, 1);

        line.close();
        assertThat(callers).allSatisfy(caller -> assertThat(caller.failure()).isInstanceOf(GateClosedException.class));
        assertThat(resume(rests).failure()).isInstanceOf(GateClosedException.class);
        assertThat(failure(waits.resumeAsync())).isInstanceOf(GateClosedException.class);
        rests.close();
        waits.close();
        assertLine(line, 1, 0);
        held.close();
        assertLine(line, 0, 0);
    }

    @Test
    void anInterruptEndsARestAndAWaitAndTheSlotIsPausedStill() {
        Slot slot = refused(line);
        Caller<Boolean> rests = resumeAtRest(slot);
        rests.thread().interrupt();
        assertThat(rests.failure()).isInstanceOf(InterruptedException.class);
        pass(61 * SECOND);

        Slot held = take(line);
        Caller<Boolean> waits = resumeInLine(line, slot);
        waits.thread().interrupt();
        assertThat(waits.failure()).isInstanceOf(InterruptedException.class);
        assertLine(line, 1, 0);
        held.close();
        assertPaused(line, slot);
    }

    @Test
    void aGrantThatComesBeforeAnInterruptIsSeenStands() {
        Slot slot = paused(line);
        Slot held = take(line);
        Caller<Boolean> caller = resumeInLine(line, slot);

        line.lock.lock();
        try {
            caller.thread().interrupt();
            Await.until("it wants to give up", () -> line.lock.hasQueuedThread(caller.thread()));
            held.close();
        } finally {
            line.lock.unlock();
        }
        assertThat(caller.result()).isTrue();
        assertThat(caller.interruptedAfter()).isTrue();
        assertLine(line, 1, 0);
    }

    @Test
    void aFloorThatIsKeptFreeForThoseWhoRestGoesToAllWhoResumeInTheirOrder() {
        Slot early = paused(line);
        Slot first = take(line);
        CompletableFuture<Slot> newcomer = line.enterAsync(new Slot(line));
        List<Slot> order = new ArrayList<>();
        var unusedEarly = early.resumeAsync().thenAccept(order::add);
        first.rateLimited(Duration.ofSeconds(5));
        first.pause();
        assertThat(order).as("nobody is let in on a floor that is refused").isEmpty();
        assertLine(line, 0, 2);

        pass(6 * SECOND);
        var unusedFirst = first.resumeAsync().thenAccept(order::add);
        assertThat(order).as("it resumed before").containsExactly(early);
        assertLine(line, 1, 2);
        line.setBounds(3, 8);
        assertThat(order).as("one, until it is known to be taken").containsExactly(early);
        line.step(3, 3);
        line.step(3, 3);
        assertThat(order).containsExactly(early, first);
        assertThat(newcomer).isCompleted();
        assertLine(line, 3, 0);
    }

    @Test
    void aFloorIsKeptFreeNoLongerThanTheServiceAskedThoughNobodyComesBack() {
        Slot slot = take(line);
        slot.rateLimited(Duration.ofSeconds(5));
        slot.pause();
        CompletableFuture<Slot> waits = line.enterAsync(new Slot(line));
        slot.close();
        line.step(1, 1);
        assertThat(waits).isNotDone();
        line.setBounds(3, 8);
        assertThat(waits).isNotDone();

        pass(5 * SECOND);
        line.step(3, 3);
        assertThat(waits).isCompleted();
    }

    @Test
    void refusalsOfOneEventCutOnceRightAfterARaiseToo() {
        WaitingLine many = line(8, new CallingThread());
        List<Slot> full = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            full.add(take(many));
        }
        full.get(0).rateLimited(Duration.ofSeconds(1));
        full.forEach(Slot::close);
        List<Slot> running = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            var unused = many.enterAsync(new Slot(many)).thenAccept(running::add);
        }
        assertThat(running).hasSize(5);
        many.step(8, 8);
        pass(2 * SECOND);
        assertThat(many.step(8, 8).apiCeiling()).as("raised").isEqualTo(6);
        assertThat(running).hasSize(6);

        for (Slot slot : running) {
            slot.rateLimited(Duration.ofSeconds(1));
            slot.pause();
        }
        assertThat(many.report().apiCeiling())
                .as("the raise is taken back, once")
                .isEqualTo(5);
    }

    @Test
    void aGateWhoseSessionsAreAllPausedIsIdle() throws InterruptedException {
        Slot slot = take(line);
        Caller<Boolean> idle = Caller.start(() -> line.awaitIdle(60 * SECOND));
        Await.parked(idle.thread());

        slot.pause();
        assertThat(idle.result()).isTrue();
        slot.resume();
        assertThat(line.awaitIdle(0)).isFalse();
    }

    private static WeakReference<Slot> dropPaused(WaitingLine line) {
        return new WeakReference<>(paused(line));
    }

    private static WeakReference<Slot> dropResumed(WaitingLine line) {
        return new WeakReference<>(paused(line).resumeAsync().join());
    }

    private static void collect(WeakReference<?> dropped) {
        Await.until("collected", () -> {
            System.gc();
            return dropped.refersTo(null);
        });
    }

    @Test
    void aPausedSlotThatIsDroppedIsNoLeakAndAResumedOneIsGivenBack() {
        collect(dropPaused(line));
        assertThat(line.findLeaks().collected).isZero();

        WeakReference<Slot> dropped = dropResumed(line);
        assertLine(line, 1, 0);
        Await.until("given back", () -> {
            System.gc();
            line.findLeaks();
            return line.report().inFlight() == 0;
        });
        assertThat(dropped.refersTo(null)).isTrue();
    }

    @Test
    void aSlotIsHeldForTooLongFromItsResumptionOnAndNotWhileItIsPaused() throws InterruptedException {
        WaitingLine looks = new WaitingLine("test", 1, 8, 1, clock::get, 10 * SECOND, new CallingThread());
        Slot slot = take(looks);
        pass(9 * SECOND);
        slot.pause();
        pass(100 * SECOND);
        assertThat(looks.findLeaks().overdue).isEmpty();

        slot.resume();
        pass(10 * SECOND);
        assertThat(looks.findLeaks().overdue).isEmpty();
        pass(1);
        assertThat(looks.findLeaks().overdue).containsExactly(slot.origin);
        slot.close();
    }

    @Test
    void anErrorInTheWaitLeavesTheSlotPaused() {
        Slot slot = paused(line);
        Slot held = take(line);
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread doomed = new Thread() {
            @Override
            public void run() {
                try {
                    slot.resume();
                } catch (Throwable t) {
                    thrown.complete(t);
                }
            }

            /** Looked at before it parks: after the grant. */
            @Override
            public boolean isInterrupted() {
                held.close();
                throw new StackOverflowError("doomed");
            }
        };
        doomed.start();

        assertThat(thrown.join()).hasMessage("doomed");
        assertLine(line, 0, 0);
        assertPaused(line, slot);
    }

    @Test
    void aFutureIsCompletedByTheGatesOwnThreadsAndNotByWhoMakesRoom() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .sampler(() -> CpuSample.of(60))
                .period(Duration.ofHours(1))
                .build()) {
            Slot slot = gate.slot();
            slot.pause();
            Slot held = gate.slot();
            CompletableFuture<Slot> back = slot.resumeAsync();
            CompletableFuture<Thread> ran = back.thenApply(resumed -> Thread.currentThread());
            held.close();
            Await.until("it is told", ran::isDone);

            assertThat(ran.join()).isNotSameAs(Thread.currentThread());
            slot.close();
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
        }
    }
}
