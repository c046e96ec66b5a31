package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Tests that paused slots are counted apart, and are neither in flight nor leaks. */
class PausedSlotsTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // overflows during the tests

    private final WaitingLine line = LineFixture.lineOf(1);

    private void advanceClock(long nanos) {
        clock.addAndGet(nanos);
    }

    @Test
    void aResumptionIsCountedApartFromAdmissions() throws InterruptedException {
        LineSlot slot = takeFree(line);
        slot.pause();
        slot.pause();
        assertThat(line.snapshot().paused()).isEqualTo(1);

        slot.resume();
        LineSnapshot now = line.snapshot();
        assertThat(now.paused()).isZero();
        assertThat(now.totals().admitted()).isEqualTo(1);
        assertThat(now.totals().resumed()).isEqualTo(1);
    }

    @Test
    void aSessionThatBacksOffIsPausedAndBackingOff() {
        LineSlot slot = takeFree(line);
        slot.rateLimited(Duration.ofMinutes(1));
        slot.pause();
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        assertThat(line.snapshot()).matches(now -> now.paused() == 1 && now.backingOff() == 1 && now.waiting() == 0);

        resumption.cancel(false);
        assertThat(line.snapshot()).matches(now -> now.paused() == 1 && now.backingOff() == 0);
        slot.close();
        assertThat(line.snapshot().paused()).isZero();
    }

    @Test
    void aSessionThatWaitsInLineToResumeIsPausedAndWaiting() {
        LineSlot slot = takeFree(line);
        slot.pause();
        LineSlot other = takeFree(line);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        assertThat(line.snapshot()).matches(now -> now.paused() == 1 && now.waiting() == 1);

        other.close();
        assertThat(resumption).isCompletedWithValue(slot);
        assertThat(line.snapshot()).matches(now -> now.paused() == 0 && now.waiting() == 0 && now.inFlight() == 1);
    }

    @Test
    void aSlotWhoseCallerLeftBeforeItsFirstGrantIsNotPaused() {
        LineSlot held = takeFree(line);
        CompletableFuture<Slot> first = enterAsync(line);
        held.close();
        assertThat(first).isCompleted();
        line.abandon((LineSlot) first.join());
        assertThat(line.snapshot()).matches(now -> now.paused() == 0 && now.inFlight() == 0);
    }

    private static WeakReference<Slot> dropPaused(WaitingLine line) {
        return new WeakReference<>(LineFixture.takeAndPause(line));
    }

    @Test
    void aLostPausedSlotNoLongerCounts() {
        WeakReference<Slot> dropped = dropPaused(line);
        Await.until("the slot is collected and forgotten", () -> {
            System.gc();
            var unused = line.findLeaks();
            return dropped.refersTo(null) && line.snapshot().paused() == 0;
        });
        assertThat(line.findLeaks().isEmpty()).isTrue();
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
}
