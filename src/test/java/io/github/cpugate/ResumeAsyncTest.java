package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Sessions that come back after a pause, on no thread. */
class ResumeAsyncTest {

    private static CompletableFuture<Slot> refuseAndResume(Slot slot) {
        slot.rateLimited(Duration.ofMillis(100));
        slot.pause();
        return slot.resumeAsync();
    }

    /** The dependent runs before what resumeAsync() itself has hung on its future: the last comes first. */
    @Test
    void aSessionThatIsRefusedAgainAsSoonAsItIsBackComesBackAgain() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> CpuSample.of(60))
                .build()) {
            Slot slot = refuseAndResume(gate.slot()).join(); // loads all that is to be quick
            CompletableFuture<Slot> back = refuseAndResume(slot).thenCompose(ResumeAsyncTest::refuseAndResume);

            Await.until("it is back", back::isDone);
            assertThat(back).isCompletedWithValue(slot);
            assertThat(gate.snapshot().inFlight()).isOne();
            slot.close();
        }
    }
}
