package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.interruptOvertakenBy;
import static io.github.cpugate.internal.line.LineFixture.take;
import static io.github.cpugate.internal.line.LineFixture.takeWithin;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Tests how a line admits, makes wait, and refuses callers, and races between grants, timeouts, interrupts and the
 * close.
 */
class WaitingLineTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(5);
    private final WaitingLine line = LineFixture.line().limit(2).build();

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

    private void assertLine(int limit, int inFlight, int waiting) {
        assertThat(line.snapshot())
                .extracting(LineSnapshot::cpuLimit, LineSnapshot::inFlight, LineSnapshot::waiting)
                .as("limit, in flight, waiting")
                .containsExactly(limit, inFlight, waiting);
    }

    @Test
    void admitsUpToTheLimitAndNoMore() throws InterruptedException {
        take(line);
        take(line);

        assertThat(isFull()).isTrue();
        assertThat(takeWithin(line, 0)).isNull();
        assertThat(takeWithin(line, -1)).isNull();
        assertLine(2, 2, 0);
    }

    @Test
    void closingASlotTwiceGivesItBackOnce() throws InterruptedException {
        Slot first = take(line);
        take(line);

        first.close();
        first.close();
        assertLine(2, 1, 0);
        take(line);
        first.close();
        assertThat(isFull()).as("closing a slot again gives nothing back").isTrue();
    }

    @Test
    void timedAndUntimedCallersAreServedInOrderOfArrival() throws InterruptedException {
        Slot held = fill();
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<Caller<Slot>> callers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int number = i;
            callers.add(Caller.startInLine(line, () -> {
                Slot mine = number % 2 == 0 ? take(line) : takeWithin(line, LONG);
                served.add(number);
                return mine;
            }));
        }

        for (int i = 0; i < 6; i++) {
            int number = i;
            held.close();
            Await.until("caller " + number + " is served", () -> served.size() == number + 1);
            held = callers.get(i).result();
        }
        assertThat(served).containsExactly(0, 1, 2, 3, 4, 5);
        assertLine(2, 2, 0);
    }

    @Test
    void aNewcomerCannotTakeASlotGrantedToAThreadThatDoesNotRunYet() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> first = startInLine();

        line.lock.lock();
        try {
            held.close();
            assertThat(isFull()).as("the slot has been granted").isTrue();
        } finally {
            line.lock.unlock();
        }
        assertThat(first.result()).isNotNull();
    }

    @Test
    void aRaisedLimitAdmitsExactlyAsManyCallersAsFit() throws InterruptedException {
        take(line);
        take(line);
        List<Caller<Slot>> callers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            callers.add(startInLine());
        }

        assertThat(line.endStep(2, 5, false)).isEqualTo(new LimitMove(2, 5, 2, 5, 8, 1, 8));
        assertLine(5, 5, 2);
        for (int i = 0; i < 3; i++) {
            assertThat(callers.get(i).result()).isNotNull();
        }
        line.setBounds(6, 9);
        assertLine(6, 6, 1);
        assertThat(callers.get(3).result()).isNotNull();
        assertThat(callers.get(4).isDone()).isFalse();
    }

    @Test
    void aLoweredLimitTakesNoSlotAwayAndWaitsForSlotsToBeGivenBack() throws InterruptedException {
        line.endStep(2, 4, false);
        List<Slot> held = List.of(take(line), take(line), take(line), take(line));
        Caller<Slot> waiter = startInLine();

        assertThat(line.endStep(4, 2, false).limit()).isEqualTo(2);
        assertLine(2, 4, 1);
        held.get(0).close();
        held.get(1).close();
        assertLine(2, 2, 1);
        held.get(2).close();
        assertThat(waiter.result()).isNotNull();
        assertLine(2, 2, 0);
    }

    @Test
    void theLimitStaysWithinItsBounds() {
        assertThat(line.endStep(2, Integer.MAX_VALUE, false).limit()).isEqualTo(8);
        assertThat(line.endStep(8, Integer.MIN_VALUE, false).limit()).isEqualTo(1);
        line.setBounds(3, 5);
        assertThat(line.snapshot().cpuLimit()).isEqualTo(3);
        line.endStep(3, 5, false);
        line.setBounds(1, 2);
        assertThat(line.snapshot().cpuLimit()).isEqualTo(2);
    }

    @Test
    void aStepThatSawAnotherLimitDoesNotMoveTheLimit() {
        line.setBounds(1, 1);
        assertThat(line.endStep(2, 8, false)).isEqualTo(new LimitMove(1, 1, 1, 1, 1, 1, 1));
        line.setBounds(1, 8);
        assertThat(line.endStep(2, 8, false).limit()).isEqualTo(1);
        assertThat(line.endStep(1, 8, false).limit()).isEqualTo(8);
    }

    @Test
    void aTimedOutCallerLeavesTheLineWithoutASlot() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> untimed = startInLine();
        Caller<Slot> timed = Caller.start(() -> takeWithin(line, TimeUnit.MILLISECONDS.toNanos(50)));

        assertThat(timed.result()).isNull();
        assertLine(2, 2, 1);
        held.close();
        assertThat(untimed.result()).isNotNull();
        assertLine(2, 2, 0);
    }

    @Test
    void anInterruptedCallerLeavesTheLineWithoutASlot() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> first = startInLine();
        Caller<Slot> second = startInLine();

        first.thread().interrupt();
        assertThat(first.failure()).isInstanceOf(InterruptedException.class);
        assertThat(first.interruptedAfter()).isFalse();
        assertLine(2, 2, 1);
        held.close();
        assertThat(second.result()).isNotNull();
    }

    @Test
    void anInterruptBeforeTheCallIsReportedEvenIfASlotIsFree() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> take(line)).isInstanceOf(InterruptedException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> takeWithin(line, LONG)).isInstanceOf(InterruptedException.class);

        assertThat(Thread.interrupted()).isFalse();
        assertLine(2, 0, 0);
    }

    @Test
    void aGrantThatRacesWithAnInterruptStands() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> waiter = startInLine();

        interruptOvertakenBy(line, waiter.thread(), held::close);
        assertThat(waiter.result()).isNotNull();
        assertThat(waiter.interruptedAfter())
                .as("the interrupt status stays set")
                .isTrue();
        assertLine(2, 2, 0);
        waiter.result().close();
        assertLine(2, 1, 0);
    }

    @Test
    void aGrantThatRacesWithATimeoutStands() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> waiter = null;
        // Tries longer timeouts until one does not expire before this thread holds the lock.
        for (long millis = 20; waiter == null; millis *= 2) {
            long timeout = TimeUnit.MILLISECONDS.toNanos(millis);
            Caller<Slot> caller = Caller.start(() -> takeWithin(line, timeout));
            Await.until(
                    "the caller waits in line, or has left it",
                    () -> line.snapshot().waiting() == 1 || caller.isDone());
            line.lock.lock();
            try {
                if (line.snapshot().waiting() == 1) {
                    Await.until(
                            "its timeout has expired, and it waits for the lock",
                            () -> line.lock.hasQueuedThread(caller.thread()));
                    held.close();
                    waiter = caller;
                }
            } finally {
                line.lock.unlock();
            }
        }
        assertThat(waiter.result()).isNotNull();
        assertLine(2, 2, 0);
    }

    @Test
    void closeRefusesTheCallersInLineAndLaterCallers() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> untimed = startInLine();
        Caller<Slot> timed = Caller.startInLine(line, () -> takeWithin(line, LONG));

        line.close();
        line.close();
        assertThat(untimed.failure()).isInstanceOf(GateClosedException.class).hasMessage("gate 'test' is closed");
        assertThat(timed.failure()).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(() -> take(line)).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(() -> takeWithin(line, LONG)).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(this::isFull).isInstanceOf(GateClosedException.class);
        assertLine(2, 2, 0);
        held.close();
        assertLine(2, 1, 0);
    }

    @Test
    void aCloseThatRacesWithAnInterruptKeepsTheInterruptStatus() throws InterruptedException {
        fill();
        Caller<Slot> waiter = startInLine();

        interruptOvertakenBy(line, waiter.thread(), line::close);
        assertThat(waiter.failure()).isInstanceOf(GateClosedException.class);
        assertThat(waiter.interruptedAfter()).isTrue();
    }

    @Test
    void awaitIdleReturnsAtOnceWhenIdle() throws InterruptedException {
        assertThat(line.awaitIdle(0)).isTrue();
        Slot held = take(line);
        assertThat(line.awaitIdle(0)).isFalse();
        assertThat(line.awaitIdle(1)).isFalse();
        held.close();
        assertThat(line.awaitIdle(0)).isTrue();
    }

    @Test
    void awaitIdleReportsAnIdleMomentThatIsOverWhenItWakes() throws InterruptedException {
        Slot held = take(line);
        Caller<Boolean> waiter = Caller.start(() -> line.awaitIdle(LONG));
        Await.parked(waiter.thread());

        line.lock.lock();
        try {
            held.close();
            take(line);
        } finally {
            line.lock.unlock();
        }
        assertThat(waiter.result()).isTrue();
        assertLine(2, 1, 0);
    }

    @Test
    void awaitIdleCanBeInterrupted() throws InterruptedException {
        take(line);
        Caller<Boolean> waiter = Caller.start(() -> line.awaitIdle(LONG));
        Await.parked(waiter.thread());

        waiter.thread().interrupt();
        assertThat(waiter.failure()).isInstanceOf(InterruptedException.class);
    }
}
