package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Tests sessions that resume after a pause without a thread that waits. */
class ResumeAsyncTest {

    private static CompletableFuture<Slot> refuseAndResume(Slot slot) {
        slot.rateLimited(Duration.ofMillis(100));
        slot.pause();
        return slot.resumeAsync();
    }

    /** The dependent of the test runs before those of resumeAsync() itself: the last that was added runs first. */
    @Test
    void aSessionThatIsRefusedRightAfterItResumedResumesAgain() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> CpuSample.of(60))
                .build()) {
            Slot slot = refuseAndResume(gate.slot()).join(); // loads the classes, so that the second time is quick
            CompletableFuture<Slot> resumed = refuseAndResume(slot).thenCompose(ResumeAsyncTest::refuseAndResume);

            Await.until("the session has resumed", resumed::isDone);
            assertThat(resumed).isCompletedWithValue(slot);
            assertThat(gate.snapshot().inFlight()).isOne();
            slot.close();
        }
    }
}
