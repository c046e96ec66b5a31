package io.github.cpugate.bench;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** One run: callers stand in line before slots that are all held, then slots are given back. */
final class Line {

    static final int SLOTS = 8;

    /** A run that takes longer is given up. */
    static final int SECONDS = 5;

    private static final AtomicInteger RUNS = new AtomicInteger();

    /** What a run came to; the wake-ups are NaN if they cannot be counted. */
    record Result(double nanosPerSlot, double wakeUpsPerSlot, int fewest, int most) {
        double microsPerSlot() {
            return nanosPerSlot / 1e3;
        }

        double slotsPerSecond() {
            return 1e9 / nanosPerSlot;
        }
    }

    private final Peer peer;
    private final Callers threads;
    private final Thread measurer = Thread.currentThread();
    private final int refills;
    private final Deque<Object> held = new ArrayDeque<>();
    private final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);

    private final int[] shares;
    private final AtomicInteger served = new AtomicInteger();
    private final CountDownLatch allServed;
    private final CountDownLatch measured = new CountDownLatch(1);
    private volatile boolean keeps; // who is served keeps the slot until it is taken from here:
    private volatile Object kept;
    private volatile long began;
    private volatile long ended;
    private volatile boolean over;

    /** Returns once all stand in line. */
    private Line(Peers peer, int callers, int refills, boolean keeps, Threads kind) throws Exception {
        this.peer = peer.make(SLOTS);
        this.refills = refills;
        this.keeps = keeps;
        this.shares = new int[callers];
        this.allServed = new CountDownLatch(callers);
        for (int i = 0; i < SLOTS; i++) {
            held.add(this.peer.enter());
        }
        String name = "relay-" + RUNS.incrementAndGet();
        this.threads = new Callers(name, kind == Threads.PLATFORM);
        for (int i = 0; i < callers; i++) {
            int me = i;
            threads.add(kind.make(name, () -> call(me)));
        }
    }

    /** The readings with nothing given back in between: returns what they count as wake-ups per caller. */
    static double idle(Peers peer, int callers) throws Exception {
        Line line = new Line(peer, callers, 0, false, Threads.PLATFORM);
        long before = line.asleep();
        long after = line.asleep();
        line.giveAllBack();
        line.end();
        return (after - before) / (double) callers;
    }

    /** Eight slots run down the line: who is served gives its slot back at once. */
    static Result once(Peers peer, int callers, Threads kind) throws Exception {
        return new Line(peer, callers, 0, false, kind).runDown();
    }

    /** The same, and who was served lines up again: the line stays as long for {@code refills} times its length. */
    static Result refilled(Peers peer, int callers, int refills, Threads kind) throws Exception {
        return new Line(peer, callers, refills, false, kind).runDown();
    }

    /** One slot is given back when nothing else happens, as sessions do that last; the time is until it is taken. */
    static Result oneByOne(Peers peer, int callers, int slots, Threads kind) throws Exception {
        Line line = new Line(peer, callers, 0, true, kind);
        try {
            return line.giveBack(slots);
        } catch (TimeoutException e) {
            line.abandon();
            return null;
        }
    }

    private Result runDown() throws Exception {
        try {
            long before = asleep();
            giveAllBack();
            awaitAllServed();
            long after = asleep();
            end();
            int slots = refills > 0 ? shares.length * refills : shares.length;
            return result(ended - began, slots, after - before, served.get());
        } catch (TimeoutException e) {
            abandon();
            return null;
        }
    }

    private Result giveBack(int slots) throws Exception {
        long before = asleep();
        long nanos = 0;
        for (int i = 0; i < slots; i++) {
            kept = null;
            Object next = held.remove();
            began = System.nanoTime();
            peer.leave(next);
            while (kept == null) {
                LockSupport.parkNanos(deadline - System.nanoTime()); // a spinning thread would take a processor away
                if (System.nanoTime() - deadline > 0) {
                    throw new TimeoutException();
                }
            }
            nanos += ended - began;
            held.add(kept);
            threads.settle(deadline); // what else was woken, goes back to sleep
        }
        long after = asleep();
        keeps = false;
        giveAllBack();
        awaitAllServed();
        end();
        return result(nanos, slots, after - before, slots);
    }

    private Result result(long nanos, int slots, long wakeUps, int woken) {
        return new Result(
                nanos / (double) slots,
                threads.countsWakeUps() ? wakeUps / (double) woken : Double.NaN,
                Arrays.stream(shares).min().getAsInt(),
                Arrays.stream(shares).max().getAsInt());
    }

    private long asleep() throws IOException, TimeoutException {
        return threads.awaitAsleep(deadline);
    }

    private void giveAllBack() {
        began = System.nanoTime();
        held.forEach(peer::leave);
    }

    private void awaitAllServed() throws InterruptedException, TimeoutException {
        if (!allServed.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            throw new TimeoutException();
        }
    }

    private void end() throws InterruptedException {
        measured.countDown();
        threads.join();
    }

    private void abandon() throws InterruptedException {
        over = true;
        measured.countDown();
        threads.abandon();
    }

    private void call(int me) {
        int share = 0;
        int first = refills > 0 ? shares.length : 0;
        int last = shares.length * (1 + refills);
        try {
            do {
                Object mine = peer.enter();
                if (keeps) {
                    ended = System.nanoTime();
                    kept = mine;
                    LockSupport.unpark(measurer);
                } else {
                    peer.leave(mine);
                }
                share++;
                int count = served.incrementAndGet();
                if (count == first) {
                    began = System.nanoTime(); // from here on the line is made of such as came back
                } else if (count == last) {
                    ended = System.nanoTime();
                    over = true;
                }
            } while (refills > 0 && !over);
            shares[me] = share;
            allServed.countDown();
            measured.await();
        } catch (Exception e) {
            if (!over) {
                throw new IllegalStateException("a caller failed", e);
            }
        }
    }
}
