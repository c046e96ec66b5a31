package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** Tests the bound on the line. */
class MaxWaitingTest {

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .maxWaiting(1)
            .sampler(() -> CpuSample.of(60))
            .build();

    @Test
    void aCallerThatFindsTheLineFullIsTurnedAwayAtOnce() throws InterruptedException {
        Slot held = gate.slot();
        CompletableFuture<Slot> first = gate.slotAsync();

        assertThatThrownBy(gate::slot)
                .isInstanceOf(GateFullException.class)
                .hasMessage("gate 'test' is full: 1 callers wait in line");
        assertThatThrownBy(() -> gate.trySlot(Duration.ofSeconds(1))).isInstanceOf(GateFullException.class);
        assertThat(gate.slotAsync()).isCompletedExceptionally();
        assertThatThrownBy(() -> gate.executor(Runnable::run).execute(() -> {}))
                .isInstanceOf(RejectedExecutionException.class)
                .hasCauseInstanceOf(GateFullException.class);
        assertThat(gate.trySlot()).as("it would not wait").isEmpty();
        assertThat(gate.trySlot(Duration.ZERO)).as("it would not wait").isEmpty();

        assertThat(gate.snapshot().waiting()).isEqualTo(1);
        assertThat(gate.snapshot().rejected()).isEqualTo(4);
        assertThat(gate.step().rejected()).isEqualTo(4);
        assertThat(gate.step().rejected()).isZero();
        held.close();
        first.join().close();
        gate.slot().close();
    }

    @Test
    void aSessionThatResumesIsNotTurnedAway() throws InterruptedException {
        Slot paused = gate.slot();
        paused.pause();
        Slot held = gate.slot();
        CompletableFuture<Slot> inLine = gate.slotAsync();
        CompletableFuture<Slot> resumed = paused.resumeAsync();
        assertThat(gate.snapshot().waiting()).isEqualTo(2);

        held.close();
        assertThat(resumed).isCompletedWithValue(paused);
        paused.close();
        assertThat(inLine).isCompleted();
    }
}
