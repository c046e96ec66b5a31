package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class PausedSlotsTest {

    private final WaitingLine line = LineFixture.lineOf(1);

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
}
