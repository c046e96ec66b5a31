package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Tests which slots of the floor refusals shut, and until when. */
class ShutFloorTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5 * SECOND); // overflows during a test
    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .name("test")
            .manual()
            .nanoClock(clock::get)
            .sampler(() -> CpuSample.of(60))
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

    /** A session alone, so that the ceiling falls to none, and only the floor is left. */
    private Slot refuseAndPause(int seconds) {
        Slot refused = hold(1).get(0);
        refused.rateLimited(Duration.ofSeconds(seconds));
        refused.pause();
        return refused;
    }

    private StepReport stepAfter(double seconds) {
        clock.addAndGet((long) (seconds * SECOND));
        return gate.step();
    }

    @Test
    void theReportedLimitIsTheFloorEvenWhileTheFloorIsShut() {
        refuseAndPause(30);
        refuseAndPause(30);

        assertThat(gate.trySlot()).as("a newcomer would be refused too").isEmpty();
        assertThat(gate.snapshot().limit()).isEqualTo(2);
        assertThat(stepAfter(1)).returns(2, StepReport::limitBefore).returns(2, StepReport::limitAfter);
    }

    @Test
    void aRefusalShutsOneSlotOfTheFloorForItsTime() {
        gate.setSlots(8, 20);
        refuseAndPause(30);

        hold(7);
        clock.addAndGet(30 * SECOND - 1);
        assertThat(gate.trySlot()).isEmpty();
        clock.addAndGet(1);
        hold(1);
        assertThat(gate.trySlot()).isEmpty();
    }

    @Test
    void eachSlotOfTheFloorOpensAtItsOwnTime() {
        gate.setSlots(3, 20);
        refuseAndPause(20);
        refuseAndPause(5).close();
        refuseAndPause(10);

        for (int seconds : new int[] {5, 5, 10}) {
            assertThat(gate.trySlot()).isEmpty();
            clock.addAndGet(seconds * SECOND - 1);
            assertThat(gate.trySlot()).isEmpty();
            clock.addAndGet(1);
            hold(1);
        }
        assertThat(gate.trySlot()).isEmpty();
    }

    @Test
    void slotsAddedToAShutFloorAreOpen() {
        refuseAndPause(30);
        refuseAndPause(30);
        gate.setSlots(4, 20);

        hold(2);
        assertThat(gate.trySlot()).isEmpty();
        gate.setSlots(1, 20);
        clock.addAndGet(30 * SECOND);
        assertThat(gate.trySlot()).as("two are in flight").isEmpty();
    }

    @Test
    void aSessionThatIsRefusedAgainShutsItsSlotForTheLaterTime() {
        gate.setSlots(1, 20);
        Slot refused = hold(1).get(0);
        refused.rateLimited(Duration.ofSeconds(5));
        refused.rateLimited(Duration.ofSeconds(30));
        refused.pause();
        clock.addAndGet(29 * SECOND);
        assertThat(gate.trySlot()).isEmpty();
        clock.addAndGet(SECOND);
        assertThat(refused.resumeAsync()).isCompletedWithValue(refused);

        refused.rateLimited(Duration.ofSeconds(5));
        refused.pause();
        clock.addAndGet(5 * SECOND);
        hold(1);
    }

    @Test
    void aSessionThatIsRefusedAndClosesItsSlotShutsNothing() {
        for (Slot refused : hold(2)) {
            refused.rateLimited(Duration.ofSeconds(30));
            refused.close();
        }

        hold(2);
    }
}
