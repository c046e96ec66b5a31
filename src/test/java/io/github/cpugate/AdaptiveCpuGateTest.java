package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdaptiveCpuGateTest {

    private final AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(60));
    private final AtomicLong clock = new AtomicLong(-7);
    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .minSlots(2)
            .maxSlots(5)
            .initialSlots(3)
            .sampler(cpu::get)
            .nanoClock(clock::get)
            .build();

    /** Keeps the slots reachable: a step gives back a slot that was garbage-collected. */
    private final List<Slot> held = new ArrayList<>();

    @AfterEach
    void close() {
        gate.close();
    }

    private Slot hold() throws InterruptedException {
        Slot slot = gate.slot();
        held.add(slot);
        return slot;
    }

    /** Takes slots until none is free. */
    private void fill() {
        Optional<Slot> slot = gate.trySlot();
        while (slot.isPresent()) {
            held.add(slot.get());
            slot = gate.trySlot();
        }
    }

    private int limitAfterStepAt(double percent) {
        cpu.set(CpuSample.of(percent));
        return gate.step().limitAfter();
    }

    @Test
    void theLimitFallsByOnePerStepToTheFloorAndTheFloorIsServed() throws InterruptedException {
        assertThat(limitAfterStepAt(95)).isEqualTo(2);
        assertThat(limitAfterStepAt(95)).isEqualTo(2);
        assertThat(gate.step().reason()).isEqualTo(Reason.AT_FLOOR);
        hold();
        hold();
        assertThat(gate.trySlot()).isEmpty();
    }

    @Test
    void theLimitRisesByOnePerStepToMaxSlotsWhileCallersReachIt() {
        for (int expected : new int[] {4, 5, 5}) {
            fill();
            assertThat(limitAfterStepAt(10)).isEqualTo(expected);
        }
        assertThat(held).hasSize(5);
    }

    @Test
    void theLimitOfAnIdleGateDoesNotRise() {
        assertThat(limitAfterStepAt(1)).isEqualTo(3);
        assertThat(gate.step().reason()).isEqualTo(Reason.NO_DEMAND);
    }

    @Test
    void theLimitIsNotCutAgainUntilTheLastCutHasTakenEffect() throws InterruptedException {
        Slot first = hold();
        hold();
        hold();

        assertThat(limitAfterStepAt(95)).isEqualTo(2);
        gate.setSlots(1, 5);
        assertThat(gate.step().reason()).isEqualTo(Reason.DRAINING);
        first.close();
        assertThat(gate.step().limitAfter()).isEqualTo(1);
    }

    @Test
    void aStepReportsWhatItSawAndDid() throws InterruptedException {
        Slot slot = hold();
        hold();
        clock.addAndGet(1_000_000_000);
        slot.close();
        clock.addAndGet(1_000_000_000);
        cpu.set(CpuSample.of(93, 81));

        assertThat(gate.step())
                .isEqualTo(new StepReport(
                        "test",
                        Duration.ofSeconds(2),
                        CpuSample.of(93, 81),
                        70,
                        3,
                        2,
                        2,
                        5,
                        2,
                        5,
                        1,
                        1.5,
                        0,
                        0,
                        0,
                        2,
                        0,
                        0,
                        0,
                        0,
                        Bottleneck.NONE,
                        new Bottleneck.Times(Duration.ZERO, Duration.ZERO, Duration.ZERO),
                        false,
                        Reason.OVER_TARGET,
                        HostShare.ALONE))
                .matches(StepReport::limitChanged);
    }

    @Test
    void aSnapshotShowsTheCurrentStateOfTheGate() throws InterruptedException {
        Bottleneck none = Bottleneck.NONE;
        Bottleneck.Times never = new Bottleneck.Times(Duration.ZERO, Duration.ZERO, Duration.ZERO);
        assertThat(gate.snapshot())
                .isEqualTo(new GateSnapshot(
                        "test",
                        3,
                        3,
                        5,
                        2,
                        5,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        none,
                        never,
                        70,
                        CpuSample.starting(),
                        false,
                        HostShare.ALONE));
        hold();
        gate.step();
        gate.setTargetCpu(50);
        gate.close();
        assertThat(gate.snapshot())
                .isEqualTo(new GateSnapshot(
                        "test",
                        3,
                        3,
                        5,
                        2,
                        5,
                        1,
                        0,
                        0,
                        0,
                        1,
                        0,
                        0,
                        0,
                        0,
                        none,
                        never,
                        50,
                        CpuSample.of(60),
                        true,
                        HostShare.ALONE));
        assertThat(gate).hasToString(gate.snapshot().toString());
    }

    @Test
    void aSnapshotDoesNotResetWhatTheNextStepSees() {
        fill();
        gate.snapshot();
        assertThat(limitAfterStepAt(Double.NaN))
                .as("a step without a reading resets nothing either")
                .isEqualTo(3);

        assertThat(limitAfterStepAt(10)).isEqualTo(4);
    }

    @Test
    void theTargetCanBeChangedAtRunTime() {
        gate.setTargetCpu(40);
        assertThat(gate.step().reason()).isEqualTo(Reason.OVER_TARGET);
        assertThatThrownBy(() -> gate.setTargetCpu(0.7))
                .hasMessage("targetCpu must be a percentage in (1, 100], was 0.7 (did you mean 70?)");
    }

    @Test
    void theBoundsCanBeChangedAtRunTime() {
        gate.setSlots(4, 9);
        assertThat(gate.snapshot().limit()).isEqualTo(4);
        gate.setSlots(1, 2);
        assertThat(gate.snapshot().limit()).isEqualTo(2);
        assertThatThrownBy(() -> gate.setSlots(0, 2)).hasMessage("minSlots must be at least 1, was 0");
        assertThatThrownBy(() -> gate.setSlots(3, 2)).hasMessage("maxSlots must be at least minSlots = 3, was 2");
        assertThat(gate.snapshot().limit())
                .as("a rejected change has no effect")
                .isEqualTo(2);
    }

    @Test
    void callRunsTheWorkInASlotAndGivesItBackEvenIfItThrows() throws Exception {
        assertThat(gate.call(() -> gate.snapshot().inFlight())).isEqualTo(1);
        assertThat(gate.snapshot().inFlight()).isZero();
        assertThatThrownBy(() -> gate.call(() -> {
                    throw new IOException("stream broke");
                }))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> gate.call(() -> {
                    throw new StackOverflowError();
                }))
                .isInstanceOf(StackOverflowError.class);
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    @Test
    void aTimedCallerWithoutASlotLeavesTheLineAtItsTimeout() throws InterruptedException {
        fill();

        assertThat(gate.trySlot(Duration.ofMillis(1))).isEmpty();
        assertThat(gate.trySlot(Duration.ZERO)).isEmpty();
        assertThat(gate.trySlot(Duration.ofSeconds(-1))).isEmpty();
        assertThat(gate.snapshot().waiting()).isZero();
    }

    @Test
    void aTimedCallerTakesAFreeSlotWithoutWaiting() throws InterruptedException {
        assertThat(gate.trySlot(Duration.ZERO)).isPresent();
        assertThat(gate.trySlot(Duration.ofSeconds(Long.MAX_VALUE))).isPresent();
    }

    @Test
    void closingTheGateDoesNotEndWorkInFlight() throws InterruptedException {
        Slot running = gate.slot();

        gate.close();
        gate.close();
        assertThat(gate.awaitIdle(Duration.ZERO)).isFalse();
        running.close();
        assertThat(gate.awaitIdle(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
        assertThatThrownBy(gate::slot).isInstanceOf(GateClosedException.class).hasMessage("gate 'test' is closed");
        assertThatThrownBy(gate::trySlot).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aNullArgumentIsRejectedByName() {
        assertThatNullPointerException().isThrownBy(() -> gate.trySlot(null)).withMessage("atMost");
        assertThatNullPointerException().isThrownBy(() -> gate.awaitIdle(null)).withMessage("atMost");
        assertThatNullPointerException().isThrownBy(() -> gate.call(null)).withMessage("work");
    }
}
