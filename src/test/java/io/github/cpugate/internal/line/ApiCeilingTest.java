package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Finds the API ceiling with a line that is always full and a service that accepts a fixed number of sessions. */
class ApiCeilingTest {

    private static final long SECOND = 1_000_000_000L;
    private static final int MIN = 1;
    private static final int MAX = 100;
    private static final int HIGHEST = Integer.MAX_VALUE;

    private final WaitingLine line =
            LineFixture.line().limit(12).bounds(MIN, MAX).clock(() -> 0).build();
    private ApiCeiling ceiling = new ApiCeiling(0, 0);
    private final Deque<LineSlot> running = new ArrayDeque<>();
    private long now;
    private int refusals;

    /**
     * Admits sessions while they fit under a limit of 12 and the ceiling; the sessions that the service refuses leave.
     */
    private void admit(int serviceLimit) {
        for (int newcomers = 0; newcomers < 50 && running.size() < ceiling.allowed(12, MIN); newcomers++) {
            LineSlot slot = new LineSlot(line);
            ceiling.admitted(slot);
            if (running.size() < serviceLimit) {
                running.add(slot);
            } else {
                refusals++;
                ceiling.refused(slot, running.size() + 1, MIN, now, SECOND);
                ceiling.gaveBack(slot, MIN, now);
            }
        }
    }

    private void end(int sessions) {
        for (int i = 0; i < sessions && !running.isEmpty(); i++) {
            LineSlot slot = running.remove();
            slot.closed = true;
            ceiling.gaveBack(slot, MIN, now);
        }
    }

    /** Makes a step of two seconds, in which {@code ending} sessions end, one by one. */
    private void step(int serviceLimit, int ending) {
        for (int i = 0; i < ending; i++) {
            end(1);
            admit(serviceLimit);
        }
        now += 2 * SECOND;
        ceiling.advanceTo(now);
        ceiling.step(now, ceiling.allowed(12, MIN) < 12 && running.size() <= ceiling.allowed(12, MIN), MIN, MAX);
        admit(serviceLimit);
    }

    private void steps(int number, int serviceLimit, int ending) {
        for (int i = 0; i < number; i++) {
            step(serviceLimit, ending);
        }
    }

    @Test
    void theCeilingFindsAServiceLimitOfFour() {
        admit(12);
        steps(10, 4, 3);

        assertThat(ceiling.allowed(12, MIN)).isEqualTo(4);
        assertThat(running).hasSize(4);
        assertThat(refusals).isLessThan(10);
    }

    @Test
    void probesAreRareIfTheServiceNeverAcceptedMore() {
        admit(10); // the service accepts ten
        steps(20, 10, 4);
        refusals = 0;
        steps(200, 10, 4);

        assertThat(ceiling.allowed(12, MIN)).isBetween(10, 11);
        assertThat(refusals).as("of 800 sessions").isBetween(1, 6);
    }

    @Test
    void duringADipToAThirdTheCeilingProbesEverySixSteps() {
        admit(12);
        steps(10, 4, 3);
        refusals = 0;
        steps(36, 4, 3);

        assertThat(refusals).isBetween(5, 7);
    }

    @Test
    void theCeilingSoonFindsTheEndOfADipAndReturnsFast() {
        admit(12);
        steps(30, 4, 3);
        steps(6 + 4, 12, 3);

        assertThat(ceiling.allowed(12, MIN)).isGreaterThanOrEqualTo(11);
    }

    @Test
    void withoutCreditTheCeilingProbesEveryTwentySteps() {
        admit(12);
        steps(100, 4, 1);
        refusals = 0;
        steps(60, 4, 0);

        assertThat(refusals).isEqualTo(3);
        steps(20 + 4, 12, 0);
        assertThat(ceiling.allowed(12, MIN)).isEqualTo(12);
    }

    @Test
    void aServiceThatAcceptsLessThanBeforeTheDipIsNotOverrun() {
        admit(12);
        steps(20, 4, 3);
        refusals = 0;
        steps(30, 7, 3);

        assertThat(ceiling.allowed(12, MIN)).isBetween(7, 8);
        assertThat(refusals).as("of 90 sessions, on the way to 7 and at 7").isLessThan(10);
    }

    @Test
    void aServiceThatRefusesAllIsAskedByOneSessionAtATime() {
        admit(12);
        steps(12, 0, 2);
        assertThat(running).isEmpty();
        refusals = 0;
        steps(10, 0, 0);

        assertThat(refusals)
                .as("once a step, with a Retry-After of half a step")
                .isLessThanOrEqualTo(10);
    }

    @Test
    void aRefusalOfAnEarlierRequestIsNotANewEvent() {
        LineSlot early = new LineSlot(line);
        LineSlot late = new LineSlot(line);
        ceiling.refused(early, 10, MIN, now, SECOND);
        now += 100 * SECOND; // the service answers slowly
        ceiling.refused(late, 10, MIN, now, SECOND);

        assertThat(ceiling.slots()).isEqualTo(7);
    }

    @Test
    void aSecondRefusalOfTheSameSessionIsANewEvent() {
        LineSlot slot = new LineSlot(line);
        ceiling.refused(slot, 10, MIN, now, SECOND);
        now += 100 * SECOND;
        ceiling.refused(slot, 7, MIN, now, SECOND);

        assertThat(ceiling.slots()).isEqualTo(4);
    }

    @Test
    void theCeilingIsLiftedOnceItReachesMaxSlots() {
        ceiling.refused(new LineSlot(line), 3, MIN, now, SECOND);
        for (int step = 0; step < 8; step++) {
            now += 2 * SECOND;
            ceiling.step(now, true, MIN, 3);
        }

        assertThat(ceiling.slots()).isEqualTo(ApiCeiling.UNLIMITED);
    }

    /** Refuses a session that runs alone, and pauses it. */
    private void refuseAlone(int minSlots, long nanos) {
        LineSlot slot = new LineSlot(line);
        ceiling.admitted(slot);
        ceiling.refused(slot, 1, minSlots, now, nanos);
        ceiling.gaveBack(slot, minSlots, now);
    }

    @Test
    void theFloorOpensAgainAtTheTimeThatWasForeseen() {
        assertThat(ceiling.nanosUntilFloorOpens(3, now)).isEqualTo(Long.MAX_VALUE);
        refuseAlone(3, 20 * SECOND);
        refuseAlone(3, 5 * SECOND);
        assertThat(ceiling.allowed(12, 3)).isEqualTo(1);

        assertThat(ceiling.nanosUntilFloorOpens(3, now)).isEqualTo(5 * SECOND);
        ceiling.advanceTo(5 * SECOND);
        assertThat(ceiling.allowed(12, 3)).isEqualTo(2);
        assertThat(ceiling.nanosUntilFloorOpens(3, 6 * SECOND)).isEqualTo(14 * SECOND);
        ceiling.advanceTo(20 * SECOND);
        assertThat(ceiling.allowed(12, 3)).isEqualTo(3);
        assertThat(ceiling.nanosUntilFloorOpens(3, 20 * SECOND)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aLowerFloorOpensWithTheLastSlotsThatAreShut() {
        for (int seconds = 1; seconds <= 4; seconds++) {
            refuseAlone(4, seconds * SECOND);
        }
        assertThat(ceiling.nanosUntilFloorOpens(4, now)).isEqualTo(SECOND);

        assertThat(ceiling.allowed(12, 2)).isZero();
        assertThat(ceiling.nanosUntilFloorOpens(2, now)).isEqualTo(3 * SECOND);
        ceiling.advanceTo(3 * SECOND);
        assertThat(ceiling.allowed(12, 2)).isEqualTo(1);
    }

    @Test
    void whatTheCeilingAdmitsIsNeverShut() {
        LineSlot first = new LineSlot(line);
        LineSlot second = new LineSlot(line);
        for (LineSlot slot : List.of(first, second)) {
            ceiling.refused(slot, 5, 4, now, SECOND);
            ceiling.gaveBack(slot, 4, now);
        }

        assertThat(ceiling.slots()).isEqualTo(3);
        assertThat(ceiling.allowed(12, 4)).as("two of four are shut").isEqualTo(3);
        assertThat(ceiling.nanosUntilFloorOpens(4, now)).isEqualTo(SECOND);
    }

    @Test
    void theHighestBoundsDoNotOverflow() {
        ceiling.refused(new LineSlot(line), 10, HIGHEST, now, SECOND);
        for (int step = 0; step < 4; step++) {
            now += 2 * SECOND;
            ceiling.step(now, true, HIGHEST, HIGHEST);
        }

        assertThat(ceiling.slots()).isEqualTo(ApiCeiling.UNLIMITED);
    }

    @Test
    void aPeakOfBillionsIsReturnedToByHalfOfTheDistance() {
        ceiling.refused(new LineSlot(line), 2_000_000_000, MIN, now, SECOND);
        LineSlot newcomer = new LineSlot(line);
        ceiling.admitted(newcomer);
        ceiling.refused(newcomer, 1_200_000_001, MIN, now, SECOND);
        assertThat(ceiling.slots()).isEqualTo(1_200_000_000);

        for (int steps = 1; steps < 10; steps++) {
            now += 2 * SECOND;
            ceiling.step(now, true, MIN, HIGHEST);
            assertThat(ceiling.slots()).as("no probe at step " + steps).isEqualTo(1_200_000_000);
        }
        now += 2 * SECOND;
        ceiling.step(now, true, MIN, HIGHEST);
        assertThat(ceiling.slots()).as("a probe").isEqualTo(1_200_000_001);
        now += 2 * SECOND;
        ceiling.step(now, true, MIN, HIGHEST);
        assertThat(ceiling.slots()).isEqualTo(1_600_000_000);
    }
}
