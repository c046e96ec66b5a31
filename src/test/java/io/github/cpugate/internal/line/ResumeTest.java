package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.assertPaused;
import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.interruptOvertakenBy;
import static io.github.cpugate.internal.line.LineFixture.pausedAndRefused;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the resumption of a paused slot: the back-off, the second wait in line, and each way in which they can end. */
class ResumeTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // overflows during the tests

    private final WaitingLine line = LineFixture.line().clock(clock::get).build();

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
}
