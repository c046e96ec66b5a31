package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/** How the ceiling is found: by a line that is always full, and a service that takes so many at once. */
class ApiCeilingTest {

    private static final long SECOND = 1_000_000_000L;
    private static final int MIN = 1;
    private static final int MAX = 100;

    private final WaitingLine line = new WaitingLine("test", MIN, MAX, 12, () -> 0, 0, new CallingThread());
    private ApiCeiling ceiling = new ApiCeiling(0, 0);
    private final Deque<Slot> running = new ArrayDeque<>();
    private long now;
    private int refusals;

    /** Sessions are admitted as long as they fit under 12 and the ceiling; those whom the service refuses leave. */
    private void admit(int service) {
        for (int newcomers = 0; newcomers < 50 && running.size() < ceiling.allowed(12, MIN); newcomers++) {
            Slot slot = new Slot(line);
            ceiling.admitted(slot);
            if (running.size() < service) {
                running.add(slot);
            } else {
                refusals++;
                ceiling.refused(slot, running.size() + 1, now, SECOND);
                ceiling.leaves(slot, MIN, now);
            }
        }
    }

    private void end(int sessions) {
        for (int i = 0; i < sessions && !running.isEmpty(); i++) {
            Slot slot = running.remove();
            slot.closed = true;
            ceiling.leaves(slot, MIN, now);
        }
    }

    /** Two seconds, in which so many sessions end one by one. */
    private void step(int service, int ends) {
        for (int i = 0; i < ends; i++) {
            end(1);
            admit(service);
        }
        now += 2 * SECOND;
        ceiling.step(now, ceiling.allowed(12, MIN) < 12 && running.size() <= ceiling.allowed(12, MIN), MIN, MAX);
        admit(service);
    }

    private void steps(int number, int service, int ends) {
        for (int i = 0; i < number; i++) {
            step(service, ends);
        }
    }

    @Test
    void aServiceThatTakesFourIsFound() {
        admit(12);
        steps(10, 4, 3);

        assertThat(ceiling.allowed(12, MIN)).isEqualTo(4);
        assertThat(running).hasSize(4);
        assertThat(refusals).isLessThan(10);
    }

    @Test
    void whereTheServiceNeverTookMoreItIsTriedSeldom() {
        admit(10); // it takes ten
        steps(20, 10, 4);
        refusals = 0;
        steps(200, 10, 4);

        assertThat(ceiling.allowed(12, MIN)).isBetween(10, 11);
        assertThat(refusals).as("of 800 sessions").isBetween(1, 6);
    }

    @Test
    void inADipToAThirdItIsTriedEverySixSteps() {
        admit(12);
        steps(10, 4, 3);
        refusals = 0;
        steps(36, 4, 3);

        assertThat(refusals).isBetween(5, 7);
    }

    @Test
    void theEndOfADipIsFoundSoonAndTheWayBackIsShort() {
        admit(12);
        steps(30, 4, 3);
        steps(6 + 4, 12, 3);

        assertThat(ceiling.allowed(12, MIN)).isGreaterThanOrEqualTo(11);
    }

    @Test
    void withoutCreditItIsLookedForEveryTwentySteps() {
        admit(12);
        steps(100, 4, 1);
        refusals = 0;
        steps(60, 4, 0);

        assertThat(refusals).isEqualTo(3);
        steps(20 + 4, 12, 0);
        assertThat(ceiling.allowed(12, MIN)).isEqualTo(12);
    }

    @Test
    void aServiceThatTakesLessThanBeforeTheDipIsNotOverrun() {
        admit(12);
        steps(20, 4, 3);
        refusals = 0;
        steps(30, 7, 3);

        assertThat(ceiling.allowed(12, MIN)).isBetween(7, 8);
        assertThat(refusals).as("of 90 sessions, on the way to 7 and there").isLessThan(10);
    }

    @Test
    void aServiceThatRefusesAllIsAskedOnceATimeByOneSession() {
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
    void aRefusalOfARequestFromBeforeIsNoNewEvent() {
        Slot early = new Slot(line);
        Slot late = new Slot(line);
        ceiling.refused(early, 10, now, SECOND);
        now += 100 * SECOND; // it answered slowly
        ceiling.refused(late, 10, now, SECOND);

        assertThat(ceiling.slots()).isEqualTo(7);
    }

    @Test
    void aSecondRefusalOfTheSameSessionIsANewEvent() {
        Slot slot = new Slot(line);
        ceiling.refused(slot, 10, now, SECOND);
        now += 100 * SECOND;
        ceiling.refused(slot, 7, now, SECOND);

        assertThat(ceiling.slots()).isEqualTo(4);
    }

    @Test
    void atMaxSlotsThereIsNoCeilingAnyMore() {
        ceiling.refused(new Slot(line), 3, now, SECOND);
        for (int step = 0; step < 8; step++) {
            now += 2 * SECOND;
            ceiling.step(now, true, MIN, 3);
        }

        assertThat(ceiling.slots()).isEqualTo(ApiCeiling.NONE);
    }
}
