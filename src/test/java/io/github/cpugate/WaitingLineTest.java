package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WaitingLineTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(5);

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 500); // wraps round during the tests
    private final WaitingLine line = new WaitingLine("test", 1, 8, 2, clock::get, 0, new CallingThread());

    private Slot slot() throws InterruptedException {
        Slot slot = new Slot(line);
        line.enter(slot);
        return slot;
    }

    private @Nullable Slot slot(long nanos) throws InterruptedException {
        Slot slot = new Slot(line);
        return line.enter(slot, nanos) ? slot : null;
    }

    /** Takes both slots, and returns one of them. */
    private Slot fill() throws InterruptedException {
        slot();
        return slot();
    }

    /** Has a caller in line woken by {@code wakeUp}, and {@code first} happen before it gets the lock to see why. */
    private void beforeItSeesWhy(Caller<?> caller, Runnable wakeUp, Runnable first) {
        line.lock.lock();
        try {
            wakeUp.run();
            Await.until("it woke up and wants the lock", () -> line.lock.hasQueuedThread(caller.thread()));
            first.run();
        } finally {
            line.lock.unlock();
        }
    }

    private boolean isFull() {
        return !line.tryEnter(new Slot(line));
    }

    private LineReport now() {
        return line.report();
    }

    private void assertLine(int limit, int inFlight, int waiting) {
        assertThat(now())
                .extracting(LineReport::limit, LineReport::inFlight, LineReport::waiting)
                .as("limit, in flight, waiting")
                .containsExactly(limit, inFlight, waiting);
    }

    @Test
    void admitsUpToTheLimitAndNoMore() throws InterruptedException {
        slot();
        slot();

        assertThat(isFull()).isTrue();
        assertThat(slot(0)).isNull();
        assertThat(slot(-1)).isNull();
        assertLine(2, 2, 0);
    }

    @Test
    void closingASlotTwiceGivesBackOne() throws InterruptedException {
        Slot first = slot();
        slot();

        first.close();
        first.close();
        assertLine(2, 1, 0);
        slot();
        first.close();
        assertThat(isFull()).as("an old slot's close gives back nothing").isTrue();
    }

    @Test
    void servesInOrderOfArrivalTimedAndUntimedAlike() throws InterruptedException {
        Slot held = fill();
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<Caller<Slot>> callers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int number = i;
            callers.add(Caller.startInLine(line, () -> {
                Slot mine = number % 2 == 0 ? slot() : slot(LONG);
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
    void aNewcomerDoesNotOvertakeOneThatWasGrantedButDoesNotRunYet() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> first = Caller.startInLine(line, this::slot);

        line.lock.lock();
        try {
            held.close();
            assertThat(isFull()).as("the slot is taken already").isTrue();
        } finally {
            line.lock.unlock();
        }
        assertThat(first.result()).isNotNull();
    }

    @Test
    void aRaisedLimitAdmitsExactlyAsManyAsFit() throws InterruptedException {
        slot();
        slot();
        List<Caller<Slot>> callers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            callers.add(Caller.startInLine(line, this::slot));
        }

        assertThat(line.step(2, 5)).isEqualTo(new Limits.Move(2, 5, 2, 5, 8, 1, 8));
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
    void aLoweredLimitTakesNothingAwayAndAdmitsNobodyUntilDrained() throws InterruptedException {
        line.step(2, 4);
        List<Slot> held = List.of(slot(), slot(), slot(), slot());
        Caller<Slot> waiter = Caller.startInLine(line, this::slot);

        assertThat(line.step(4, 2).allowed()).isEqualTo(2);
        assertLine(2, 4, 1);
        held.get(0).close();
        held.get(1).close();
        assertLine(2, 2, 1);
        held.get(2).close();
        assertThat(waiter.result()).isNotNull();
        assertLine(2, 2, 0);
    }

    @Test
    void theLimitStaysInItsBounds() {
        assertThat(line.step(2, Integer.MAX_VALUE).allowed()).isEqualTo(8);
        assertThat(line.step(8, Integer.MIN_VALUE).allowed()).isEqualTo(1);
        line.setBounds(3, 5);
        assertThat(now().limit()).isEqualTo(3);
        line.step(3, 5);
        line.setBounds(1, 2);
        assertThat(now().limit()).isEqualTo(2);
    }

    @Test
    void aMoveFromALimitThatIsNoMoreIsNotMade() {
        line.setBounds(1, 1);
        assertThat(line.step(2, 8)).isEqualTo(new Limits.Move(1, 1, 1, 1, 1, 1, 1));
        line.setBounds(1, 8);
        assertThat(line.step(2, 8).allowed()).isEqualTo(1);
        assertThat(line.step(1, 8).allowed()).isEqualTo(8);
    }

    @Test
    void oneThatTimesOutLeavesTheLineWithoutASlot() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> untimed = Caller.startInLine(line, this::slot);
        Caller<Slot> timed = Caller.start(() -> slot(TimeUnit.MILLISECONDS.toNanos(50)));

        assertThat(timed.result()).isNull();
        assertLine(2, 2, 1);
        held.close();
        assertThat(untimed.result()).isNotNull();
        assertLine(2, 2, 0);
    }

    @Test
    void oneThatIsInterruptedLeavesTheLineWithoutASlot() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> first = Caller.startInLine(line, this::slot);
        Caller<Slot> second = Caller.startInLine(line, this::slot);

        first.thread().interrupt();
        assertThat(first.failure()).isInstanceOf(InterruptedException.class);
        assertThat(first.interruptedAfter()).isFalse();
        assertLine(2, 2, 1);
        held.close();
        assertThat(second.result()).isNotNull();
    }

    @Test
    void anInterruptBeforeTheCallIsSeenThoughASlotIsFree() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(this::slot).isInstanceOf(InterruptedException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> slot(LONG)).isInstanceOf(InterruptedException.class);

        assertThat(Thread.interrupted()).isFalse();
        assertLine(2, 0, 0);
    }

    @Test
    void aGrantThatRacesWithAnInterruptStands() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> waiter = Caller.startInLine(line, this::slot);

        beforeItSeesWhy(waiter, waiter.thread()::interrupt, held::close);
        assertThat(waiter.result()).isNotNull();
        assertThat(waiter.interruptedAfter())
                .as("the interrupt is not swallowed")
                .isTrue();
        assertLine(2, 2, 0);
        waiter.result().close();
        assertLine(2, 1, 0);
    }

    @Test
    void aGrantThatRacesWithATimeoutStands() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> waiter = null;
        for (long millis = 20; waiter == null; millis *= 2) { // until its time does not pass before we have the lock
            long patience = TimeUnit.MILLISECONDS.toNanos(millis);
            Caller<Slot> caller = Caller.start(() -> slot(patience));
            Await.until("it stands in line, or has left it", () -> now().waiting() == 1 || caller.isDone());
            line.lock.lock();
            try {
                if (now().waiting() == 1) {
                    Await.until(
                            "its time has passed and it wants the lock",
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
    void closeRefusesThoseInLineAndThoseToCome() throws InterruptedException {
        Slot held = fill();
        Caller<Slot> untimed = Caller.startInLine(line, this::slot);
        Caller<Slot> timed = Caller.startInLine(line, () -> slot(LONG));

        line.close();
        line.close();
        assertThat(untimed.failure()).isInstanceOf(GateClosedException.class).hasMessage("gate 'test' is closed");
        assertThat(timed.failure()).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(this::slot).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(() -> slot(LONG)).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(this::isFull).isInstanceOf(GateClosedException.class);
        assertLine(2, 2, 0);
        held.close();
        assertLine(2, 1, 0);
    }

    @Test
    void aCloseThatRacesWithAnInterruptKeepsTheInterrupt() throws InterruptedException {
        fill();
        Caller<Slot> waiter = Caller.startInLine(line, this::slot);

        beforeItSeesWhy(waiter, waiter.thread()::interrupt, line::close);
        assertThat(waiter.failure()).isInstanceOf(GateClosedException.class);
        assertThat(waiter.interruptedAfter()).isTrue();
    }

    @Test
    void awaitIdleReturnsAtOnceWhenIdle() throws InterruptedException {
        assertThat(line.awaitIdle(0)).isTrue();
        Slot held = slot();
        assertThat(line.awaitIdle(0)).isFalse();
        assertThat(line.awaitIdle(1)).isFalse();
        held.close();
        assertThat(line.awaitIdle(0)).isTrue();
    }

    @Test
    void awaitIdleSeesAMomentThatHasPassedWhenItWakes() throws InterruptedException {
        Slot held = slot();
        Caller<Boolean> awaiting = Caller.start(() -> line.awaitIdle(LONG));
        Await.parked(awaiting.thread());

        line.lock.lock();
        try {
            held.close();
            slot();
        } finally {
            line.lock.unlock();
        }
        assertThat(awaiting.result()).isTrue();
        assertLine(2, 1, 0);
    }

    @Test
    void awaitIdleCanBeInterrupted() throws InterruptedException {
        slot();
        Caller<Boolean> awaiting = Caller.start(() -> line.awaitIdle(LONG));
        Await.parked(awaiting.thread());

        awaiting.thread().interrupt();
        assertThat(awaiting.failure()).isInstanceOf(InterruptedException.class);
    }

    @Test
    void reportsTheMeanInFlightOfEachPeriod() throws InterruptedException {
        assertThat(line.endPeriod().meanInFlight()).as("no time has passed").isZero();

        Slot first = slot();
        clock.addAndGet(300);
        slot();
        clock.addAndGet(700);
        assertThat(now().meanInFlight()).isEqualTo(1.7, within(1e-9));
        assertThat(line.endPeriod().meanInFlight()).isEqualTo(1.7, within(1e-9));

        first.close();
        clock.addAndGet(1000);
        assertThat(line.endPeriod().meanInFlight()).isEqualTo(1, within(1e-9));
        assertThat(line.endPeriod().meanInFlight()).as("no time: as it stands").isEqualTo(1);
    }

    @Test
    void aClockReadOutOfOrderDoesNoHarm() throws InterruptedException {
        slot();
        clock.addAndGet(1000);
        assertThat(now().inFlight()).isEqualTo(1);
        clock.addAndGet(-400);
        slot();
        clock.addAndGet(400);

        assertThat(line.endPeriod().meanInFlight()).isEqualTo(1, within(1e-9));
    }

    @Test
    void theMeanCountsThoseWhomARaisedLimitAdmitted() throws InterruptedException {
        fill();
        Caller<Slot> first = Caller.startInLine(line, this::slot);
        Caller<Slot> second = Caller.startInLine(line, this::slot);
        line.endPeriod();

        clock.addAndGet(500);
        line.step(2, 3);
        clock.addAndGet(250);
        line.setBounds(4, 8);
        clock.addAndGet(250);
        assertThat(first.result()).isNotNull();
        assertThat(second.result()).isNotNull();
        assertThat(line.endPeriod().meanInFlight()).isEqualTo(2 * 0.5 + 3 * 0.25 + 4 * 0.25, within(1e-9));
    }

    @Test
    void tellsWhetherTheLimitWasReachedInThePeriod() throws InterruptedException {
        Slot held = fill();
        assertThat(line.endPeriod().limitReached())
                .as("full, but nobody was refused")
                .isFalse();

        assertThat(isFull()).isTrue();
        assertThat(now().limitReached()).isTrue();
        assertThat(line.endPeriod().limitReached()).isTrue();
        line.step(2, 2);
        assertThat(line.endPeriod().limitReached()).isFalse();

        Caller<Slot> waiter = Caller.startInLine(line, this::slot);
        assertThat(line.endPeriod().limitReached()).isTrue();
        line.step(2, 2);
        held.close();
        assertThat(waiter.result()).isNotNull();
        assertThat(line.endPeriod().limitReached())
                .as("it stood there in this period")
                .isTrue();
        line.step(2, 2);
        assertThat(line.endPeriod().limitReached()).isFalse();
    }

    @Test
    void aStepThatDiesHalfwayForgetsNobodyInLine() throws InterruptedException {
        fill();
        Caller.startInLine(line, this::slot);

        line.endPeriod();
        assertThat(line.endPeriod().limitReached()).isTrue();
        line.close();
    }

    @Test
    void whomTheStepItselfAdmitsDidNotRunIntoTheNewLimit() throws InterruptedException {
        fill();
        Caller<Slot> waiter = Caller.startInLine(line, this::slot);

        assertThat(line.endPeriod().limitReached()).isTrue();
        line.step(2, 3);
        assertThat(waiter.result()).isNotNull();
        assertThat(line.endPeriod().limitReached()).isFalse();
    }
}
