package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A gate whose callers are held back by each side in turn, in a time of its own. */
final class BoundGate implements AutoCloseable {

    final AdaptiveCpuGate gate;
    double cpu = 30;
    private final AtomicLong clock = new AtomicLong();

    BoundGate(GateListener... listeners) {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder()
                .name("bound")
                .manual()
                .initialSlots(2)
                .maxSlots(2)
                .sampler(() -> CpuSample.of(cpu))
                .nanoClock(clock::get);
        for (GateListener listener : listeners) {
            builder = builder.listener(listener);
        }
        gate = builder.build();
        gate.adjust();
    }

    private void pass(long millis) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /**
     * Six steps. Until the second, {@code maxSlots} holds a caller back for 3 s, the CPU limit for 1 s, and the API
     * ceiling, which two refusals lower from 2 slots to 1, for 2.5 s. Until the third the ceiling does, for 60 s; the
     * fifth raises it to 2, and nobody is in line at the sixth.
     */
    void run() throws InterruptedException {
        Slot refused = gate.slot();
        Slot other = gate.slot();
        CompletableFuture<Slot> next = gate.slotAsync();
        pass(3000);
        gate.setSlots(1, 4);
        pass(1000);
        refused.rateLimited();
        other.rateLimited();
        pass(2500);
        gate.adjust();
        refused.close();
        pass(60_000);
        gate.adjust();
        gate.adjust();
        assertThat(next).isNotDone();
        gate.adjust();
        assertThat(next).isCompleted();
        next.join().close();
        other.close();
        gate.adjust();
    }

    @Override
    public void close() {
        gate.close();
    }
}
