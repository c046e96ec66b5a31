package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests what refusals do to a gate. ApiCeilingTest tests how the ceiling is found, ShutFloorTest how the floor is shut,
 * ResumeTest pauses.
 */
class RateLimitTest {

    private static final long SECOND = 1_000_000_000L;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5 * SECOND); // overflows during a test
    private final AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(60));
    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .name("test")
            .manual()
            .nanoClock(clock::get)
            .sampler(cpu::get)
            .minSlots(2)
            .maxSlots(20)
            .initialSlots(20)
            .build();

    private List<Slot> hold(int slots) {
        List<Slot> held = new ArrayList<>();
        for (int i = 0; i < slots; i++) {
            held.add(gate.trySlot().orElseThrow());
        }
        return held;
    }

    private void lineUp(int callers) {
        for (int i = 0; i < callers; i++) {
            CompletableFuture<Slot> unused = gate.slotAsync();
        }
    }

    private StepReport stepAfter(double seconds) {
        clock.addAndGet((long) (seconds * SECOND));
        return gate.step();
    }

    @Test
    void twentyRefusalsWithinOneSecondCutTheCeilingOnce() {
        for (Slot slot : hold(20)) {
            clock.addAndGet(SECOND / 20);
            slot.rateLimited(Duration.ofSeconds(3));
        }

        assertThat(gate.snapshot())
                .returns(14, GateSnapshot::limit)
                .returns(14, GateSnapshot::apiCeiling)
                .returns(20, GateSnapshot::cpuLimit)
                .returns(20L, GateSnapshot::rateLimited);
    }

    @Test
    void aNewcomerRefusedDuringAnEventCutsTheLimitToWhatIsInFlight() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(1));
        held.subList(0, 10).forEach(Slot::close);

        for (int i = 0; i < 20; i++) {
            clock.addAndGet(SECOND / 25);
            gate.trySlot().ifPresent(newcomer -> {
                newcomer.rateLimited(Duration.ofSeconds(1));
                newcomer.close();
            });
        }

        assertThat(gate.snapshot()).returns(10, GateSnapshot::limit).returns(2L, GateSnapshot::rateLimited);
    }

    @Test
    void theCeilingHoldsForTheRetryAfterAndThenRisesByOnePerStep() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(10));
        held.forEach(Slot::close);
        lineUp(30);

        assertThat(stepAfter(5).limitAfter()).isEqualTo(14);
        assertThat(stepAfter(4.9).limitAfter()).isEqualTo(14);
        assertThat(stepAfter(0.1).limitAfter()).isEqualTo(15);
        assertThat(stepAfter(2).limitAfter()).isEqualTo(16);
        assertThat(gate.snapshot().inFlight()).isEqualTo(16);
    }

    @Test
    void theCeilingDoesNotRiseWithoutDemand() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited();
        held.forEach(Slot::close);

        assertThat(stepAfter(100).limitAfter()).isEqualTo(14);
        assertThat(stepAfter(100).limitAfter()).isEqualTo(14);
    }

    @Test
    void refusalsDoNotCutTheLimitBelowTheFloor() {
        for (int i = 0; i < 10; i++) {
            hold(gate.snapshot().limit()).forEach(slot -> {
                slot.rateLimited(Duration.ofSeconds(1));
                slot.close();
            });
            stepAfter(2);
        }

        assertThat(gate.snapshot().limit()).isEqualTo(2);
        hold(2);
    }

    /** Refusals by a service that accepts nine sessions of five steps at once, in 5,000 steps. */
    private int refusalsOfNine(AdaptiveCpuGate limited) {
        int refusals = 0;
        Deque<Slot> running = new ArrayDeque<>();
        List<Integer> endings = new ArrayList<>();
        for (int step = 0; step < 5000; step++) {
            while (!endings.isEmpty() && endings.get(0) == step) {
                endings.remove(0);
                running.remove().close();
            }
            for (Optional<Slot> next = limited.trySlot(); next.isPresent(); next = limited.trySlot()) {
                Slot slot = next.get();
                if (running.size() < 9) {
                    running.add(slot);
                    endings.add(step + 5);
                } else {
                    refusals++;
                    slot.rateLimited();
                    slot.close();
                }
            }
            clock.addAndGet(2 * SECOND);
            limited.step();
        }
        return refusals;
    }

    @Test
    void sessionsBeyondTheNewBoundsAreNotProbedFor() {
        gate.setSlots(1, 10);
        int everTen = refusalsOfNine(gate);
        AdaptiveCpuGate wasLarger = AdaptiveCpuGate.builder()
                .manual()
                .nanoClock(clock::get)
                .sampler(cpu::get)
                .maxSlots(100)
                .initialSlots(100)
                .build();
        List<Slot> hundred = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            hundred.add(wasLarger.trySlot().orElseThrow());
        }
        hundred.get(0).rateLimited();
        hundred.forEach(Slot::close);
        wasLarger.setSlots(1, 10);

        assertThat(everTen).isBetween(40, 70);
        assertThat(refusalsOfNine(wasLarger)).isCloseTo(everTen, within(5));
    }

    @Test
    void whatTheBoundsDidIsNotReportedAsARefusal() {
        List<Slot> held = hold(16);
        assertThat(gate.step().limitAfter()).isEqualTo(20);
        held.get(0).rateLimited();
        gate.setSlots(1, 4);
        assertThat(gate.step())
                .as("the ceiling is 11")
                .returns(4, StepReport::limitBefore)
                .returns(4, StepReport::limitAfter)
                .returns(Reason.IN_BAND, StepReport::reason);

        gate.setSlots(12, 20);
        held.get(1).rateLimited();
        assertThat(gate.step())
                .returns(12, StepReport::limitBefore)
                .returns(12, StepReport::limitAfter)
                .returns(Reason.IN_BAND, StepReport::reason);
    }

    @Test
    void aRefusalThatLowersTheLimitFurtherThanTheBoundsIsReported() {
        List<Slot> held = hold(16);
        assertThat(gate.step().limitAfter()).isEqualTo(20);
        gate.setSlots(1, 13);
        held.get(0).rateLimited();

        assertThat(gate.step())
                .returns(13, StepReport::limitBefore)
                .returns(11, StepReport::limitAfter)
                .returns(Reason.RATE_LIMITED, StepReport::reason);
    }

    @Test
    void aRefusalDoesNotMoveTheCpuLimit() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        held.forEach(Slot::close);
        lineUp(30);
        cpu.set(CpuSample.of(20)); // fourteen sessions take less CPU than twenty

        for (int i = 0; i < 10; i++) {
            assertThat(stepAfter(2))
                    .returns(20, StepReport::cpuLimit)
                    .returns(Reason.RATE_LIMITED, StepReport::reason)
                    .returns(true, StepReport::limitReached);
        }
    }

    @Test
    void callersHeldBackByTheCeilingDoNotRaiseTheCpuLimit() {
        gate.setSlots(1, 40);
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        held.forEach(Slot::close);
        lineUp(30);
        cpu.set(CpuSample.of(20));

        assertThat(stepAfter(2)).returns(20, StepReport::cpuLimit).returns(14, StepReport::limitAfter);
    }

    @Test
    void cpuDoesNotMoveTheApiCeiling() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        held.forEach(Slot::close);
        lineUp(30);
        cpu.set(CpuSample.of(95));

        for (int i = 0; i < 6; i++) {
            assertThat(stepAfter(1))
                    .as("14 sessions are in flight, and do not end")
                    .returns(13, StepReport::cpuLimit)
                    .returns(14, StepReport::apiCeiling)
                    .returns(13, StepReport::limitAfter);
        }
        gate.setSlots(1, 10);
        assertThat(gate.snapshot().limit()).isEqualTo(10);
    }

    @Test
    void theTimeThatCallersWaitIsCountedForTheBottleneck() {
        cpu.set(CpuSample.of(95));
        List<Slot> held = hold(20);
        clock.addAndGet(SECOND); // no caller waits
        lineUp(30);
        clock.addAndGet(2 * SECOND); // callers wait for more than maxSlots
        assertThat(gate.snapshot().bottleneck()).isEqualTo(Bottleneck.MAX_SLOTS);
        gate.step();
        clock.addAndGet(3 * SECOND); // for more than CPU allows
        assertThat(gate.snapshot().bottleneck()).isEqualTo(Bottleneck.CPU);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        clock.addAndGet(4 * SECOND); // for more than the service takes

        assertThat(gate.snapshot())
                .returns(Bottleneck.API, GateSnapshot::bottleneck)
                .returns(
                        new Bottleneck.Times(Duration.ofSeconds(3), Duration.ofSeconds(4), Duration.ofSeconds(2)),
                        GateSnapshot::heldBack);
        assertThat(gate.step())
                .as("since the last step")
                .returns(Bottleneck.API, StepReport::bottleneck)
                .returns(
                        new Bottleneck.Times(Duration.ofSeconds(3), Duration.ofSeconds(4), Duration.ZERO),
                        StepReport::heldBack);
    }

    @Test
    void anExcessiveRetryAfterIsCappedAndLoggedOnce() {
        hold(20).forEach(slot -> {
            slot.rateLimited(Duration.ofDays(365));
            slot.close();
        });
        lineUp(30);
        assertThat(stepAfter(59).limitAfter()).isEqualTo(14);
        assertThat(stepAfter(2).limitAfter()).isEqualTo(15);
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("PT8760H", "60 s");
    }

    @Test
    void anInvalidRetryAfterCountsAsOneSecondAndIsLoggedOnce() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(-7));
        held.get(1).rateLimitedFor("soon");
        held.get(2).rateLimitedFor("-9e99");
        held.get(3).rateLimitedFor(null);
        held.get(4).rateLimited((Duration) null);
        held.forEach(Slot::close);
        lineUp(30);
        assertThat(stepAfter(0.9).limitAfter()).isEqualTo(14);
        assertThat(stepAfter(0.1).limitAfter()).isEqualTo(15);
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("PT-7S");
    }

    @Test
    void aRefusalThatIsReportedAfterTheCloseStillCounts() {
        List<Slot> held = hold(10);
        held.get(0).close();
        held.get(0).rateLimited();

        assertThat(gate.snapshot().limit())
                .as("ten were in flight when the request was sent")
                .isEqualTo(7);
    }

    @Test
    void aStepReportsHowTheCeilingMovedTheLimit() throws InterruptedException {
        List<Slot> held = hold(20);
        stepAfter(2);
        held.get(0).rateLimited();
        held.forEach(Slot::close);
        lineUp(30);

        assertThat(stepAfter(0.5))
                .returns(20, StepReport::limitBefore)
                .returns(14, StepReport::limitAfter)
                .returns(Reason.RATE_LIMITED, StepReport::reason);
        assertThat(stepAfter(1))
                .returns(14, StepReport::limitBefore)
                .returns(15, StepReport::limitAfter)
                .returns(Reason.RATE_LIMITED, StepReport::reason);
        assertThat(gate.snapshot().cpuLimit()).isEqualTo(20);
    }

    @Test
    void aStepReportsTheRefusalsSinceTheLastStep() {
        List<Slot> held = hold(10);
        held.get(0).rateLimited();
        held.get(1).rateLimited();
        assertThat(gate.step().rateLimited()).isEqualTo(2);
        assertThat(log.at(Level.INFO))
                .singleElement()
                .satisfies(event -> assertThat(event.getKeyValuePairs())
                        .anySatisfy(pair -> assertThat(pair).hasToString("rateLimited=\"2\"")));
        assertThat(gate.step().rateLimited()).isZero();
        assertThat(gate.snapshot().rateLimited()).isEqualTo(2);
    }

    @Test
    void meanInFlightLeavesOutPausedSessions() {
        List<Slot> held = hold(10);
        gate.step();
        clock.addAndGet(SECOND);
        held.get(0).rateLimited();
        held.get(0).pause();
        clock.addAndGet(SECOND);

        assertThat(gate.step().meanInFlight())
                .as("a paused session holds no slot")
                .isCloseTo(9.5, within(1e-9));
    }
}
