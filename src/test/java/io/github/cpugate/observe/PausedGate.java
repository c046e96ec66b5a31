package io.github.cpugate.observe;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A gate with paused sessions, and with sessions that have resumed. */
final class PausedGate implements AutoCloseable {

    final AdaptiveCpuGate gate;
    private final List<Slot> slots = new ArrayList<>();

    PausedGate(GateListener... listeners) {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder()
                .name("paused")
                .manual()
                .initialSlots(6)
                .sampler(() -> CpuSample.of(50));
        for (GateListener listener : listeners) {
            builder = builder.listener(listener);
        }
        gate = builder.build();
        gate.step();
    }

    /** Admits three sessions, of which two resume, and makes a step with all three paused, and one backing off. */
    void run() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            slots.add(gate.slot());
            slots.get(i).pause();
        }
        for (Slot slot : slots.subList(0, 2)) {
            slot.resume();
            slot.pause();
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
