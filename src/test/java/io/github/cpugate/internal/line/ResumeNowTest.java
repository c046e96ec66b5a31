package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.Slot;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ResumeNowTest {

    private final WaitingLine line = LineFixture.lineOf(1);

    @Test
    void aPausedSlotIsTakenBackAboveTheLimitAndNobodyEntersUntilItFits() {
        Slot slot = takeAndPause(line);
        Slot other = takeFree(line);
        CompletableFuture<Slot> next = enterAsync(line);

        slot.resumeNow();
        assertLine(line, 2, 1);
        other.close();
        assertThat(next).isNotDone();
        assertLine(line, 1, 1);
        slot.close();
        assertThat(next).isCompleted();
        assertLine(line, 1, 0);
    }

    @Test
    void aResumptionAboveTheLimitTellsThePolicyThatTheLimitWasReached() {
        Slot slot = takeAndPause(line);
        takeFree(line);
        var unused = line.beginStep(true);
        assertThat(line.snapshot().limitReached()).isFalse();

        slot.resumeNow();
        assertThat(line.snapshot().limitReached()).isTrue();
    }

    @Test
    void aResumptionThatFitsDoesNotReachTheLimit() {
        Slot slot = takeAndPause(line);

        slot.resumeNow();
        assertThat(line.snapshot())
                .returns(false, LineSnapshot::limitReached)
                .returns(1L, now -> now.totals().resumed())
                .returns(0, LineSnapshot::paused);
    }

    @Test
    void aHeldSlotStaysHeldOnce() {
        Slot slot = takeFree(line);

        slot.resumeNow();
        assertLine(line, 1, 0);
        slot.close();
        assertLine(line, 0, 0);
    }

    @Test
    void aClosedSlotCannotBeTakenBack() {
        Slot slot = takeAndPause(line);
        slot.close();

        assertThatThrownBy(slot::resumeNow)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the slot is closed");
        assertLine(line, 0, 0);
    }

    @Test
    void aSlotThatIsBeingResumedCannotBeTakenBack() {
        Slot slot = takeAndPause(line);
        takeFree(line);
        CompletableFuture<Slot> resumption = slot.resumeAsync();

        assertThatThrownBy(slot::resumeNow)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the slot is being resumed");
        assertLine(line, 1, 1);
        resumption.cancel(false);
        slot.resumeNow();
        assertLine(line, 2, 0);
    }

    @Test
    void aSlotIsTakenBackOnAClosedGateSoThatItIsNotIdle() throws InterruptedException {
        Slot slot = takeAndPause(line);
        line.close();

        slot.resumeNow();
        assertThat(line.awaitIdle(0)).isFalse();
        slot.close();
        assertThat(line.awaitIdle(0)).isTrue();
    }

    @Test
    void aSlotIsTakenBackWhateverTheServiceAskedFor() {
        Slot slot = takeFree(line);
        slot.rateLimited(Duration.ofMinutes(1));
        slot.pause();

        slot.resumeNow();
        assertLine(line, 1, 0);
        slot.pause();
        assertThat(slot.resumeAsync())
                .as("the back-off ended with the resumption; the floor's slot is still shut")
                .isNotDone();
        assertLine(line, 0, 1);
    }
}
