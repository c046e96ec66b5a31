package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepInput;
import io.github.cpugate.policy.StepPolicy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class FakeSamplerTest {

    @Test
    void aStepAboveTheTargetTakesOneSlotAway() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual() // no governor thread: step() makes a step
                .initialSlots(4)
                .sampler(() -> CpuSample.of(95))
                .build()) {
            assertThat(gate.step().limitAfter()).isEqualTo(3);
        }
    }

    @Test
    void aHotHostThinsOutTheBatchAndNeverStopsIt() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual() // no governor thread: step() makes a step
                .minSlots(2)
                .initialSlots(4)
                .sampler(() -> CpuSample.of(95))
                .build()) {
            assertThat(gate.step().limitAfter()).isEqualTo(3);
            assertThat(gate.step().limitAfter()).isEqualTo(2);
            assertThat(gate.step().limitAfter()).isEqualTo(2);
            assertThat(gate.step().reason()).isEqualTo(Reason.AT_FLOOR);
            assertThat(gate.trySlot()).isPresent();
        }
    }

    @Test
    void moreSessionsStartOnceTheHostHasHeadroom() throws InterruptedException {
        AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(65));
        try (AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().manual().sampler(() -> cpu.get()).build()) {
            Slot running = gate.slot();
            assertThat(gate.trySlot()).isEmpty(); // runs into the limit of one

            cpu.set(CpuSample.of(30));
            gate.step();
            assertThat(gate.trySlot()).isPresent();
            running.close();
        }
    }

    @Test
    void thePolicyTakesASlotAwayAboveTheTarget() {
        StepPolicy policy = StepPolicy.oneSlot(); // or your own
        StepInput hot = StepInput.of(CpuSample.of(95), 70, 8); // CPU, target, limit; 8 slots are in flight

        assertThat(policy.decide(hot)).isEqualTo(new Decision(7, Reason.OVER_TARGET));
        assertThat(policy.decide(hot.withInFlight(9)).reason()).isEqualTo(Reason.DRAINING);
    }

    @Test
    void theNextOneStartsWhenASessionEnds() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder().manual().build()) {
            Slot running = gate.slot();
            CompletableFuture<Slot> next = gate.slotAsync();
            assertThat(next).isNotDone();

            running.close();
            assertThat(next).isCompleted();
            next.join().close();
        }
    }
}
