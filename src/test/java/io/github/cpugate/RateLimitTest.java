package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import io.github.cpugate.Binding.Side;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What refusals do to a gate; how the ceiling is found in ApiCeilingTest, pauses in ResumeTest. */
class RateLimitTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5 * SECOND); // and so over the end of numbers
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

    private Observation stepAfter(double seconds) {
        clock.addAndGet((long) (seconds * SECOND));
        return gate.adjust();
    }

    @Test
    void twentyRefusalsInsideOneSecondCutTheCeilingOnce() {
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
    void withinAnEventNobodyIsLetInBeyondWhatRuns() {
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
    void theCeilingIsHeldForAsLongAsTheServiceAskedAndThenRisesByOneAStep() {
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
    void itDoesNotRiseWithoutDemand() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited();
        held.forEach(Slot::close);

        assertThat(stepAfter(100).limitAfter()).isEqualTo(14);
        assertThat(stepAfter(100).limitAfter()).isEqualTo(14);
    }

    @Test
    void theFloorIsLetInWhateverTheServiceSays() {
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

    @Test
    void theFloorIsToldThoughItIsKeptFreeForWhoRests() {
        Slot refused = hold(1).get(0);
        refused.rateLimited(Duration.ofSeconds(30));
        refused.pause();

        assertThat(gate.trySlot()).as("would be refused too").isEmpty();
        assertThat(gate.snapshot().limit()).isEqualTo(2);
        assertThat(stepAfter(1)).returns(2, Observation::limitBefore).returns(2, Observation::limitAfter);
    }

    @Test
    void aRefusalTeachesTheCpuSideNothing() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        held.forEach(Slot::close);
        lineUp(30);
        cpu.set(CpuSample.of(20)); // fourteen take less than twenty did

        for (int i = 0; i < 10; i++) {
            assertThat(stepAfter(2))
                    .returns(20, Observation::cpuLimit)
                    .returns(Reason.RATE_LIMITED, Observation::reason)
                    .returns(true, Observation::limitReached);
        }
    }

    @Test
    void thoseWhoRunIntoTheCeilingDoNotRunIntoTheCpuLimit() {
        gate.setSlots(1, 40);
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        held.forEach(Slot::close);
        lineUp(30);
        cpu.set(CpuSample.of(20));

        assertThat(stepAfter(2)).returns(20, Observation::cpuLimit).returns(14, Observation::limitAfter);
    }

    @Test
    void cpuTeachesTheApiSideNothing() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        held.forEach(Slot::close);
        lineUp(30);
        cpu.set(CpuSample.of(95));

        for (int limit = 19; limit >= 14; limit--) {
            assertThat(stepAfter(1))
                    .returns(limit, Observation::cpuLimit)
                    .returns(14, Observation::apiCeiling)
                    .returns(14, Observation::limitAfter);
        }
        gate.setSlots(1, 10);
        assertThat(gate.snapshot().limit()).isEqualTo(10);
    }

    @Test
    void theTimeThatCallersWaitIsPutDownToWhatHoldsThemBack() {
        cpu.set(CpuSample.of(95));
        List<Slot> held = hold(20);
        clock.addAndGet(SECOND); // nobody waits
        lineUp(30);
        clock.addAndGet(2 * SECOND); // for a slot more than maxSlots
        assertThat(gate.snapshot().binding().side()).isEqualTo(Side.MAX_SLOTS);
        gate.adjust();
        clock.addAndGet(3 * SECOND); // for one more than CPU allows
        assertThat(gate.snapshot().binding().side()).isEqualTo(Side.CPU);
        held.get(0).rateLimited(Duration.ofSeconds(60));
        clock.addAndGet(4 * SECOND); // for one more than the service takes

        assertThat(gate.snapshot().binding())
                .isEqualTo(new Binding(Side.API, Duration.ofSeconds(3), Duration.ofSeconds(4), Duration.ofSeconds(2)));
        assertThat(gate.adjust().binding())
                .as("since the last step")
                .isEqualTo(new Binding(Side.API, Duration.ofSeconds(3), Duration.ofSeconds(4), Duration.ZERO));
    }

    @Test
    void aHostileRetryAfterIsBoundedAndLoggedOnce() {
        hold(20).forEach(slot -> {
            slot.rateLimited(Duration.ofDays(365));
            slot.close();
        });
        lineUp(30);
        try (LogCapture log = new LogCapture()) {
            assertThat(stepAfter(59).limitAfter()).isEqualTo(14);
            assertThat(stepAfter(2).limitAfter()).isEqualTo(15);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("PT8760H", "60 s");
        }
    }

    @Test
    void garbageCountsAsASecondAndIsLoggedOnce() {
        List<Slot> held = hold(20);
        held.get(0).rateLimited(Duration.ofSeconds(-7));
        held.get(1).rateLimitedFor("soon");
        held.get(2).rateLimitedFor("-9e99");
        held.get(3).rateLimitedFor(null);
        held.get(4).rateLimited((Duration) null);
        held.forEach(Slot::close);
        lineUp(30);
        try (LogCapture log = new LogCapture()) {
            assertThat(stepAfter(0.9).limitAfter()).isEqualTo(14);
            assertThat(stepAfter(0.1).limitAfter()).isEqualTo(15);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("PT-7S");
        }
    }

    @Test
    void aRefusalOfASlotThatIsClosedCountsAllTheSame() {
        List<Slot> held = hold(10);
        held.get(0).close();
        held.get(0).rateLimited();

        assertThat(gate.snapshot().limit())
                .as("ten were in flight when it was sent")
                .isEqualTo(7);
    }

    @Test
    void aStepTellsWhatTheCeilingMovedWhateverCpuSays() throws InterruptedException {
        List<Slot> held = hold(20);
        stepAfter(2);
        held.get(0).rateLimited();
        held.forEach(Slot::close);
        lineUp(30);

        assertThat(stepAfter(0.5))
                .returns(20, Observation::limitBefore)
                .returns(14, Observation::limitAfter)
                .returns(Reason.RATE_LIMITED, Observation::reason);
        assertThat(stepAfter(1))
                .returns(14, Observation::limitBefore)
                .returns(15, Observation::limitAfter)
                .returns(Reason.RATE_LIMITED, Observation::reason);
        assertThat(gate.snapshot().cpuLimit()).isEqualTo(20);
    }

    @Test
    void aStepTellsOfRefusalsSinceTheLastOne() {
        List<Slot> held = hold(10);
        held.get(0).rateLimited();
        held.get(1).rateLimited();
        try (LogCapture log = new LogCapture()) {
            assertThat(gate.adjust().rateLimited()).isEqualTo(2);
            assertThat(log.at(Level.INFO))
                    .singleElement()
                    .satisfies(event -> assertThat(event.getKeyValuePairs())
                            .anySatisfy(pair -> assertThat(pair).hasToString("rateLimited=\"2\"")));
            assertThat(gate.adjust().rateLimited()).isZero();
        }
        assertThat(gate.snapshot().rateLimited()).isEqualTo(2);
    }

    @Test
    void meanInFlightIsWhatItWas() {
        List<Slot> held = hold(10);
        gate.adjust();
        clock.addAndGet(SECOND);
        held.get(0).rateLimited();
        held.get(0).pause();
        clock.addAndGet(SECOND);

        assertThat(gate.adjust().meanInFlight())
                .as("a paused session holds no slot")
                .isCloseTo(9.5, within(1e-9));
    }
}
