package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Tests that callers in line receive slots of the floor when these open, without any step. */
class FloorAlarmTest {

    private static AdaptiveCpuGate gate(int floor) {
        return AdaptiveCpuGate.builder()
                .manual()
                .minSlots(floor)
                .sampler(() -> CpuSample.of(60))
                .build();
    }

    private static Slot refused(AdaptiveCpuGate gate, Duration retryAfter) throws InterruptedException {
        Slot slot = gate.slot();
        slot.rateLimited(retryAfter);
        slot.pause();
        return slot;
    }

    @Test
    void aCallerInLineIsAdmittedWhenTheServicesTimeIsOver() throws InterruptedException {
        AdaptiveCpuGate gate = gate(1);
        refused(gate, Duration.ofMillis(50)).close();
        CompletableFuture<Slot> next = gate.slotAsync();
        assertThat(gate.snapshot().waiting()).isEqualTo(1);

        assertThat(next).succeedsWithin(Await.DEADLINE);
        next.join().close();

        refused(gate, Duration.ofMillis(50)).close();
        try (Slot slot = gate.slot()) {
            assertThat(slot).isNotNull();
        }
    }

    @Test
    void callersAreAdmittedOneByOneAsTheirSlotsOpen() throws InterruptedException {
        AdaptiveCpuGate gate = gate(2);
        Slot one = gate.slot();
        Slot two = gate.slot();
        one.rateLimited(Duration.ofMinutes(1));
        two.rateLimited(Duration.ofMillis(50));
        one.pause();
        two.pause();
        CompletableFuture<Slot> first = gate.slotAsync();
        CompletableFuture<Slot> second = gate.slotAsync();

        assertThat(first).succeedsWithin(Await.DEADLINE);
        assertThat(second).isNotDone();
        one.close();
        assertThat(second).as("closing the session opens nothing").isNotDone();
        gate.close();
    }

    @Test
    void theGatesClockDecidesNotThatOfTheTimer() throws InterruptedException {
        AtomicLong clock = new AtomicLong();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .nanoClock(clock::get)
                .sampler(() -> CpuSample.of(60))
                .build();
        var unused = refused(gate, Duration.ofMillis(5));
        CompletableFuture<Slot> next = gate.slotAsync();
        Await.until(
                "the timer's thread runs",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .anyMatch(thread -> thread.getName().startsWith("cpugate-timer-")));
        assertThat(next).isNotDone();

        clock.set(Duration.ofMillis(5).toNanos());
        assertThat(next).succeedsWithin(Await.DEADLINE);
        gate.close();
    }
}
