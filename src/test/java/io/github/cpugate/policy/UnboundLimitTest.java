package io.github.cpugate.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.cpu.CpuSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A gate whose limit has grown with sessions that cost little, and then gets few that cost much. */
class UnboundLimitTest {

    private static final int MAX_SLOTS = 64;
    private static final int HEAVY_SESSIONS = 8; // at a time, 20 % of the host each

    private final AtomicLong clock = new AtomicLong();
    private final Deque<Slot> held = new ArrayDeque<>();
    private double costPerSlot = 0.5; // percent

    @Test
    void theOneSlotRuleComesDownToFewHeavySessionsOnceSmoothedCpuIsOver() throws InterruptedException {
        try (AdaptiveCpuGate gate = gate(StepPolicy.oneSlot())) {
            growToMaxSlots(gate);
            assertThat(stepsUntilTheLimitBinds(gate))
                    .as("smoothed CPU takes three steps from 32 to above 70")
                    .isEqualTo(3);
        }
    }

    @Test
    void headroomComesDownToFewHeavySessionsOnceCpuIsOver() throws InterruptedException {
        try (AdaptiveCpuGate gate = gate(StepPolicy.headroom())) {
            growToMaxSlots(gate);
            assertThat(stepsUntilTheLimitBinds(gate)).isOne();
        }
    }

    @Test
    void theUnconditionalRuleComesDownByOneSlotAStep() throws InterruptedException {
        try (AdaptiveCpuGate gate = gate(StepPolicy.oneSlot().unconditional())) {
            growToMaxSlots(gate);
            assertThat(stepsUntilTheLimitBinds(gate)).isGreaterThanOrEqualTo(MAX_SLOTS - HEAVY_SESSIONS);
        }
    }

    private AdaptiveCpuGate gate(StepPolicy policy) {
        return AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(MAX_SLOTS)
                .policy(policy)
                .sampler(CpuSampler.smoothing(new Host(), 0.3))
                .nanoClock(clock::get)
                .build();
    }

    private void growToMaxSlots(AdaptiveCpuGate gate) {
        for (int i = 0; i < 80; i++) {
            takeSlots(gate, MAX_SLOTS);
            step(gate);
        }
        assertThat(gate.snapshot().limit()).isEqualTo(MAX_SLOTS);
        assertThat(held).hasSize(MAX_SLOTS);
    }

    /** Leaves eight sessions in flight, which are heavy from now on; two end and two begin before each step. */
    private int stepsUntilTheLimitBinds(AdaptiveCpuGate gate) {
        giveBack(MAX_SLOTS - HEAVY_SESSIONS);
        costPerSlot = 20;
        int steps = 0;
        while (gate.snapshot().limit() >= HEAVY_SESSIONS && steps < 2 * MAX_SLOTS) {
            giveBack(HEAVY_SESSIONS / 4);
            takeSlots(gate, HEAVY_SESSIONS);
            step(gate);
            steps++;
        }
        return steps;
    }

    private void takeSlots(AdaptiveCpuGate gate, int wanted) {
        Optional<Slot> slot = gate.trySlot();
        while (slot.isPresent()) {
            held.add(slot.get());
            slot = held.size() < wanted ? gate.trySlot() : Optional.empty();
        }
    }

    private void giveBack(int slots) {
        for (int i = 0; i < slots; i++) {
            held.remove().close();
        }
    }

    private void step(AdaptiveCpuGate gate) {
        clock.addAndGet(2_000_000_000L);
        gate.step();
    }

    private final class Host implements CpuSource {
        @Override
        public double read() {
            return reading().percent();
        }

        @Override
        public CpuReading reading() {
            double own = Math.min(100, held.size() * costPerSlot);
            return new CpuReading(own, own, 2_000_000_000L, CpuReading.HOST, 2);
        }
    }
}
