package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WaitingLineTest {

    private static final long LONG = TimeUnit.MINUTES.toNanos(5);

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 500); // wraps round during the tests
    private final WaitingLine line = new WaitingLine("test", 1, 8, 2, clock::get);

    private Slot slot() throws InterruptedException {
        return line.enter();
    }

    private WaitingLine.Report now() {
        return line.report(false);
    }

    private void assertLine(int limit, int inFlight, int waiting) {
        assertThat(now())
                .extracting(WaitingLine.Report::limit, WaitingLine.Report::inFlight, WaitingLine.Report::waiting)
                .as("limit, in flight, waiting")
                .containsExactly(limit, inFlight, waiting);
    }

    @Test
    void admitsUpToTheLimitAndNoMore() throws InterruptedException {
        slot();
        slot();

        assertThat(line.tryEnter()).isNull();
        assertThat(line.enter(0)).isNull();
        assertThat(line.enter(-1)).isNull();
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
        assertThat(line.tryEnter()).as("an old slot's close gives back nothing").isNull();
    }

    @Test
    void servesInOrderOfArrivalTimedAndUntimedAlike() throws InterruptedException {
        Slot held = slot();
        slot();
        List<Integer> served = Collections.synchronizedList(new ArrayList<>());
        List<Caller<Slot>> callers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int number = i;
            callers.add(Caller.startInLine(line, () -> {
                Slot mine = number % 2 == 0 ? line.enter() : line.enter(LONG);
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
        Slot held = slot();
        slot();
        Caller<Slot> first = Caller.startInLine(line, line::enter);

        line.lock.lock();
        try {
            held.close();
            assertThat(first.isDone()).as("it cannot run: we have the lock").isFalse();
            assertThat(line.tryEnter()).as("the slot is taken already").isNull();
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
            callers.add(Caller.startInLine(line, line::enter));
        }

        assertThat(line.resize(5)).isEqualTo(5);
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
        line.resize(4);
        List<Slot> held = List.of(slot(), slot(), slot(), slot());
        Caller<Slot> waiter = Caller.startInLine(line, line::enter);

        assertThat(line.resize(2)).isEqualTo(2);
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
        assertThat(line.resize(100)).isEqualTo(8);
        assertThat(line.resize(-100)).isEqualTo(1);
        line.setBounds(3, 5);
        assertThat(now().limit()).isEqualTo(3);
        line.resize(5);
        line.setBounds(1, 2);
        assertThat(now().limit()).isEqualTo(2);
    }

    @Test
    void oneThatTimesOutLeavesTheLineWithoutASlot() throws InterruptedException {
        Slot held = slot();
        slot();

        Caller<Slot> first = Caller.startInLine(line, () -> line.enter(TimeUnit.MILLISECONDS.toNanos(200)));
        Caller<Slot> second = Caller.startInLine(line, line::enter);
        assertThat(first.result()).isNull();
        assertLine(2, 2, 1);
        held.close();
        assertThat(second.result()).isNotNull();
    }

    @Test
    void oneThatIsInterruptedLeavesTheLineWithoutASlot() throws InterruptedException {
        Slot held = slot();
        slot();
        Caller<Slot> first = Caller.startInLine(line, line::enter);
        Caller<Slot> second = Caller.startInLine(line, line::enter);

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
        assertThatThrownBy(line::enter).isInstanceOf(InterruptedException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> line.enter(LONG)).isInstanceOf(InterruptedException.class);

        assertThat(Thread.interrupted()).isFalse();
        assertLine(2, 0, 0);
    }

    @Test
    void aGrantThatRacesWithAnInterruptStands() throws InterruptedException {
        Slot held = slot();
        slot();
        Caller<Slot> waiter = Caller.startInLine(line, line::enter);

        line.lock.lock();
        try {
            waiter.thread().interrupt();
            Await.until("it woke up and wants the lock", () -> line.lock.hasQueuedThread(waiter.thread()));
            held.close();
        } finally {
            line.lock.unlock();
        }
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
        Slot held = slot();
        slot();
        Caller<Slot> waiter = Caller.startInLine(line, () -> line.enter(TimeUnit.MILLISECONDS.toNanos(500)));

        line.lock.lock();
        try {
            Await.until("its time passed and it wants the lock", () -> line.lock.hasQueuedThread(waiter.thread()));
            held.close();
        } finally {
            line.lock.unlock();
        }
        assertThat(waiter.result()).isNotNull();
        assertLine(2, 2, 0);
    }

    @Test
    void closeRefusesThoseInLineAndThoseToCome() throws InterruptedException {
        Slot held = slot();
        slot();
        Caller<Slot> untimed = Caller.startInLine(line, line::enter);
        Caller<Slot> timed = Caller.startInLine(line, () -> line.enter(LONG));

        line.close();
        line.close();
        assertThat(untimed.failure()).isInstanceOf(GateClosedException.class).hasMessage("gate 'test' is closed");
        assertThat(timed.failure()).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(line::enter).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(() -> line.enter(LONG)).isInstanceOf(GateClosedException.class);
        assertThatThrownBy(line::tryEnter).isInstanceOf(GateClosedException.class);
        assertLine(2, 2, 0);
        held.close();
        assertLine(2, 1, 0);
    }

    @Test
    void aCloseThatRacesWithAnInterruptKeepsTheInterrupt() throws InterruptedException {
        slot();
        slot();
        Caller<Slot> waiter = Caller.startInLine(line, line::enter);

        line.lock.lock();
        try {
            waiter.thread().interrupt();
            Await.until("it woke up and wants the lock", () -> line.lock.hasQueuedThread(waiter.thread()));
            line.close();
        } finally {
            line.lock.unlock();
        }
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
        assertThat(line.report(true).meanInFlight()).as("no time has passed").isZero();

        Slot first = slot();
        clock.addAndGet(300);
        slot();
        clock.addAndGet(700);
        assertThat(now().meanInFlight()).isEqualTo(1.7, within(1e-9));
        assertThat(line.report(true).meanInFlight()).isEqualTo(1.7, within(1e-9));

        first.close();
        clock.addAndGet(1000);
        assertThat(line.report(true).meanInFlight()).isEqualTo(1, within(1e-9));
        assertThat(line.report(true).meanInFlight()).as("no time: as it stands").isEqualTo(1);
    }

    @Test
    void aClockReadOutOfOrderDoesNoHarm() throws InterruptedException {
        slot();
        clock.addAndGet(1000);
        assertThat(now().inFlight()).isEqualTo(1);
        clock.addAndGet(-400);
        slot();
        clock.addAndGet(400);

        assertThat(line.report(true).meanInFlight()).isEqualTo(1, within(1e-9));
    }

    @Test
    void reportsWhetherTheLimitWasReachedSinceTheLastReport() throws InterruptedException {
        Slot held = slot();
        slot();
        assertThat(line.report(true).limitReached())
                .as("full, but nobody was refused")
                .isFalse();

        line.tryEnter();
        assertThat(now().limitReached()).isTrue();
        assertThat(line.report(true).limitReached()).isTrue();
        assertThat(line.report(true).limitReached()).isFalse();

        Caller<Slot> waiter = Caller.startInLine(line, line::enter);
        assertThat(line.report(true).limitReached()).isTrue();
        assertThat(line.report(true).limitReached()).as("it stands there still").isTrue();
        held.close();
        waiter.result();
        assertThat(line.report(true).limitReached())
                .as("it stood there in this period")
                .isTrue();
        assertThat(line.report(true).limitReached()).isFalse();
    }
}
