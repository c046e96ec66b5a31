package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A gate with paused sessions, with sessions that have resumed, and with a caller that it has rejected. */
final class PausedGate implements AutoCloseable {

    final AdaptiveCpuGate gate;
    private final List<Slot> slots = new ArrayList<>();

    PausedGate(GateListener... listeners) {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder()
                .name("paused")
                .manual()
                .maxSlots(1)
                .maxWaiting(1)
                .sampler(() -> CpuSample.of(50));
        for (GateListener listener : listeners) {
            builder = builder.listener(listener);
        }
        gate = builder.build();
        gate.step();
    }

    /**
     * Admits three sessions, of which two resume, and a fourth, which ends. Meanwhile one caller waits in line, and the
     * next one is rejected. Makes a step with three sessions paused, of which one backs off.
     */
    void run() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            slots.add(gate.slot());
            slots.get(i).pause();
        }
        for (Slot slot : slots.subList(0, 2)) {
            slot.resume();
            slot.pause();
        }
        try (Slot held = gate.slot()) {
            assertThat(held).isNotNull();
            CompletableFuture<Slot> next = gate.slotAsync();
            assertThat(gate.slotAsync()).isCompletedExceptionally();
            assertThat(next.cancel(false)).isTrue();
        }
        slots.get(2).rateLimited(Duration.ofMinutes(1));
        CompletableFuture<Slot> unused = slots.get(2).resumeAsync();
        gate.step();
    }

    @Override
    public void close() {
        slots.forEach(Slot::close); // ends the resumption, too
        gate.close();
    }
}
