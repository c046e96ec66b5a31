package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests {@code Slot.release}: it gives up a turn, whatever has become of it. */
class SlotReleaseTest {

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .sampler(() -> CpuSample.of(60))
            .build();

    @AfterEach
    void close() {
        gate.close();
    }

    private void assertGate(int inFlight, int waiting) {
        assertThat(gate.snapshot()).returns(inFlight, GateSnapshot::inFlight).returns(waiting, GateSnapshot::waiting);
    }

    @Test
    void aTurnInLineLeavesTheLine() throws InterruptedException {
        Slot held = gate.slot();
        CompletableFuture<Slot> turn = gate.slotAsync();

        Slot.release(turn);

        assertGate(1, 0);
        assertThat(turn).isCancelled();
        held.close();
        assertGate(0, 0);
    }

    @Test
    void aGrantedSlotIsClosedOnce() throws InterruptedException {
        CompletableFuture<Slot> turn = gate.slotAsync();
        assertGate(1, 0);

        Slot.release(turn);
        assertGate(0, 0);

        Slot other = gate.slot();
        Slot.release(turn);
        assertGate(1, 0);
        other.close();
    }

    @Test
    void aRefusedTurnIsLeftAlone() {
        gate.close();
        CompletableFuture<Slot> turn = gate.slotAsync();

        Slot.release(turn);

        assertThat(turn).isCompletedExceptionally().isNotCancelled();
    }

    @Test
    void aRaceWithTheGrantLosesNoSlot() throws Exception {
        var other = Executors.newSingleThreadExecutor();
        try {
            for (int i = 0; i < 5_000; i++) {
                Slot held = gate.slot();
                CompletableFuture<Slot> turn = gate.slotAsync();
                Future<?> end = other.submit(held::close);
                Slot.release(turn);
                end.get();
                assertGate(0, 0);
            }
        } finally {
            other.shutdown();
        }
    }
}
