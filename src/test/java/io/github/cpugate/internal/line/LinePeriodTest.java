package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.Slot;
import io.github.cpugate.testing.Caller;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Tests what a line reports of a period: its mean in flight, and whether the limit was reached. */
class LinePeriodTest {

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 500); // overflows during the tests
    private final WaitingLine line =
            LineFixture.line().limit(2).clock(clock::get).build();

    /** Takes both slots, and returns one of them. */
    private Slot fill() throws InterruptedException {
        take(line);
        return take(line);
    }

    private Caller<Slot> startInLine() {
        return Caller.startInLine(line, () -> take(line));
    }

    /** Tries to take a slot, and returns whether there was none. */
    private boolean isFull() {
        return !line.tryEnter(new LineSlot(line));
    }

    @Test
    void eachPeriodReportsItsMeanInFlight() throws InterruptedException {
        assertThat(line.beginStep(true).meanInFlight()).as("no time has passed").isZero();

        Slot first = take(line);
        clock.addAndGet(300);
        take(line);
        clock.addAndGet(700);
        assertThat(line.snapshot().meanInFlight()).isEqualTo(1.7, within(1e-9));
        assertThat(line.beginStep(true).meanInFlight()).isEqualTo(1.7, within(1e-9));

        first.close();
        clock.addAndGet(1000);
        assertThat(line.beginStep(true).meanInFlight()).isEqualTo(1, within(1e-9));
        assertThat(line.beginStep(true).meanInFlight())
                .as("no time has passed: the slots held now")
                .isEqualTo(1);
    }

    @Test
    void clockReadingsThatArriveOutOfOrderAreHarmless() throws InterruptedException {
        take(line);
        clock.addAndGet(1000);
        assertThat(line.snapshot().inFlight()).isEqualTo(1);
        clock.addAndGet(-400);
        take(line);
        clock.addAndGet(400);

        assertThat(line.beginStep(true).meanInFlight()).isEqualTo(1, within(1e-9));
    }

    @Test
    void theMeanInFlightCountsCallersAdmittedByARaisedLimit() throws InterruptedException {
        fill();
        Caller<Slot> first = startInLine();
        Caller<Slot> second = startInLine();
        line.beginStep(true);

        clock.addAndGet(500);
        line.endStep(2, 3, false);
        clock.addAndGet(250);
        line.setBounds(4, 8);
        clock.addAndGet(250);
        assertThat(first.result()).isNotNull();
        assertThat(second.result()).isNotNull();
        assertThat(line.beginStep(true).meanInFlight()).isEqualTo(2 * 0.5 + 3 * 0.25 + 4 * 0.25, within(1e-9));
    }

    @Test
    void reportsWhetherTheLimitWasReachedInThePeriod() throws InterruptedException {
        Slot held = fill();
        assertThat(line.beginStep(true).limitReached())
                .as("full, but no caller was turned away")
                .isFalse();

        assertThat(isFull()).isTrue();
        assertThat(line.snapshot().limitReached()).isTrue();
        assertThat(line.beginStep(true).limitReached()).isTrue();
        line.endStep(2, 2, false);
        assertThat(line.beginStep(true).limitReached()).isFalse();

        Caller<Slot> waiter = startInLine();
        assertThat(line.beginStep(true).limitReached()).isTrue();
        line.endStep(2, 2, false);
        held.close();
        assertThat(waiter.result()).isNotNull();
        assertThat(line.beginStep(true).limitReached())
                .as("the caller waited in this period")
                .isTrue();
        line.endStep(2, 2, false);
        assertThat(line.beginStep(true).limitReached()).isFalse();
    }

    @Test
    void aStepThatFailsHalfwayStillCountsTheCallersInLine() throws InterruptedException {
        fill();
        startInLine();

        line.beginStep(true);
        assertThat(line.beginStep(true).limitReached()).isTrue();
        line.close();
    }

    @Test
    void aCallerThatTheStepAdmitsDoesNotReachTheNewLimit() throws InterruptedException {
        fill();
        Caller<Slot> waiter = startInLine();

        assertThat(line.beginStep(true).limitReached()).isTrue();
        line.endStep(2, 3, false);
        assertThat(waiter.result()).isNotNull();
        assertThat(line.beginStep(true).limitReached()).isFalse();
    }
}
