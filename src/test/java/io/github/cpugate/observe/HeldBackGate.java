package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A gate whose callers are held back by each bottleneck in turn, on a clock of its own. */
final class HeldBackGate implements AutoCloseable {

    final AdaptiveCpuGate gate;
    double cpu = 30;
    private final AtomicLong clock = new AtomicLong();

    HeldBackGate(GateListener... listeners) {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder()
                .name("held-back")
                .manual()
                .initialSlots(2)
                .maxSlots(2)
                .sampler(() -> CpuSample.of(cpu))
                .nanoClock(clock::get);
        for (GateListener listener : listeners) {
            builder = builder.listener(listener);
        }
        gate = builder.build();
        gate.step();
    }

    private void advance(long millis) {
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /**
     * Makes five steps after the first, which the constructor made. Before the second step, {@code maxSlots} holds a
     * caller back for 3 s, the CPU limit for 1 s, and the API ceiling, which two refusals lower from 2 slots to 1, for
     * 2.5 s. Before the third, the ceiling holds the caller back for 60 s. The fifth step raises the ceiling to 2, and
     * no caller is in line at the sixth.
     */
    void run() throws InterruptedException {
        Slot refused = gate.slot();
        Slot other = gate.slot();
        CompletableFuture<Slot> next = gate.slotAsync();
        advance(3000);
        gate.setSlots(1, 4);
        advance(1000);
        refused.rateLimited();
        other.rateLimited();
        advance(2500);
        gate.step();
        refused.close();
        advance(60_000);
        gate.step();
        gate.step();
        assertThat(next).isNotDone();
        gate.step();
        assertThat(next).isCompleted();
        next.join().close();
        other.close();
        gate.step();
    }

    @Override
    public void close() {
        gate.close();
    }
}
