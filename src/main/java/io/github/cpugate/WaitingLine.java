package io.github.cpugate;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Admits callers under the limit, first come, first served.
 *
 * <p>Slots are handed over, not left lying: whoever makes room (a slot given back, a limit raised) counts the next in
 * line as in flight and wakes just that thread. So a newcomer cannot slip in ahead of a caller that was woken but does
 * not run yet, and a wake-up is never spent on a thread that finds nothing.
 *
 * <p>A caller leaves the line by one of three ways, decided under the lock: it is granted a slot, it is refused since
 * the gate closed, or it gives up (timeout, interrupt). A grant that came before the giving up stands: the caller gets
 * its slot. Nothing foreign is called while the lock is held; the clock, which a test may supply, is read before.
 */
final class WaitingLine {

    final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private final String gate;
    private final LongSupplier nanoClock;

    // All below is guarded by the lock. Whenever it is free:
    //   1 <= minSlots <= limit <= maxSlots
    //   inFlight = slots granted and not closed; it exceeds the limit only after the limit fell
    //   waiters is empty or inFlight >= limit: nobody stands in line before a free slot
    //   waiters is empty if closed
    // From the first and the third: nobody stands in line when inFlight is 0.
    private int minSlots;
    private int maxSlots;
    private int limit;
    private int inFlight;
    private final Set<Waiter> waiters = new LinkedHashSet<>(); // in order of arrival; leaves from the middle in O(1)
    private boolean closed;

    /** Times that inFlight has come down to 0: lets who awaits that moment see it though it has passed. */
    private long timesIdle;

    // What happened in this period, which began when the last one was ended.
    private boolean limitReached;
    private long periodBegan;
    private long accruedAt;
    private double slotNanos; // inFlight integrated over time, up to accruedAt

    /** One caller in line. */
    private static final class Waiter {
        enum State {
            IN_LINE,
            GRANTED,
            REFUSED
        }

        final Slot slot;
        final Condition turn;
        State state = State.IN_LINE;

        Waiter(Slot slot, Condition turn) {
            this.slot = slot;
            this.turn = turn;
        }

        void leave(State outcome) {
            state = outcome;
            turn.signal();
        }
    }

    /** The line at one moment; the last two components tell of the period. */
    record Report(
            int limit,
            int minSlots,
            int maxSlots,
            int inFlight,
            int waiting,
            boolean closed,
            double meanInFlight,
            boolean limitReached) {}

    /** What became of the limit, and the bounds that it was held to. */
    record Move(int before, int after, int minSlots, int maxSlots) {}

    WaitingLine(String gate, int minSlots, int maxSlots, int initialSlots, LongSupplier nanoClock) {
        this.gate = gate;
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.limit = initialSlots;
        this.nanoClock = nanoClock;
        this.periodBegan = nanoClock.getAsLong();
        this.accruedAt = periodBegan;
    }

    // Entering takes a slot that the caller has made: once it is admitted, nothing is left to allocate, and so to fail.

    /** Waits for as long as it takes. */
    void enter(Slot slot) throws InterruptedException {
        enter(slot, false, 0);
    }

    /** Waits for at most {@code nanos}, and returns whether the slot is held. */
    boolean enter(Slot slot, long nanos) throws InterruptedException {
        return enter(slot, true, nanos);
    }

    /** Does not wait; returns whether the slot is held. */
    boolean tryEnter(Slot slot) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            return tryAdmit(slot, now);
        } finally {
            lock.unlock();
        }
    }

    private boolean enter(Slot slot, boolean timed, long nanos) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            return tryAdmit(slot, now) || ((!timed || nanos > 0) && standInLine(slot, timed, nanos));
        } finally {
            lock.unlock();
        }
    }

    /** Admits if there is room. By the invariants there is room only if nobody is in line, so this overtakes nobody. */
    private boolean tryAdmit(Slot slot, long now) {
        if (closed) {
            throw new GateClosedException(gate);
        }
        if (inFlight >= limit) {
            limitReached = true;
            return false;
        }
        accrue(now);
        admit(slot);
        return true;
    }

    /** Returns whether the slot was granted. Whichever way this ends, the caller is out of the line. */
    private boolean standInLine(Slot slot, boolean timed, long nanos) throws InterruptedException {
        Waiter waiter = new Waiter(slot, lock.newCondition());
        try {
            waiters.add(waiter);
            long left = nanos;
            while (waiter.state == Waiter.State.IN_LINE) {
                if (!timed) {
                    waiter.turn.await();
                } else if (left > 0) {
                    left = waiter.turn.awaitNanos(left);
                } else {
                    return false;
                }
            }
        } catch (InterruptedException e) {
            if (waiter.state == Waiter.State.IN_LINE) {
                throw e;
            }
            // The grant, or the end of the gate, came before the interrupt: it stands, and so does the interrupt.
            Thread.currentThread().interrupt();
        } catch (Error e) {
            if (slot.held) {
                release(slot);
            }
            throw e;
        } finally {
            waiters.remove(waiter);
        }
        if (waiter.state == Waiter.State.REFUSED) {
            throw new GateClosedException(gate);
        }
        return true;
    }

    /** Gives a slot back, once. */
    void leave(Slot slot) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            if (slot.held) {
                accrue(now);
                release(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the limit from {@code seen} to {@code wanted}, as far as the bounds allow, and admits who then fits. If the
     * bounds have moved it since it was seen, that stands: the decision was about another limit. Never waits for
     * sessions to end.
     */
    Move moveLimit(int seen, int wanted) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            int before = limit;
            if (before == seen) {
                limit = Math.max(minSlots, Math.min(maxSlots, wanted));
            }
            handOver();
            limitReached |= !waiters.isEmpty(); // who is in line still, runs into the new limit too
            return new Move(before, limit, minSlots, maxSlots);
        } finally {
            lock.unlock();
        }
    }

    /** Sets the bounds, and moves the limit into them. */
    void setBounds(int newMin, int newMax) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            minSlots = newMin;
            maxSlots = newMax;
            limit = Math.max(newMin, Math.min(newMax, limit));
            handOver();
        } finally {
            lock.unlock();
        }
    }

    /** Refuses all in line and all to come. Slots that are held stay held. */
    void close() {
        lock.lock();
        try {
            closed = true;
            for (Waiter waiter : waiters) {
                waiter.leave(Waiter.State.REFUSED);
            }
            waiters.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no slot is held, or for at most {@code nanos}; returns whether there was such a moment. */
    boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long before = timesIdle;
            long left = nanos;
            while (inFlight > 0 && timesIdle == before) {
                if (left <= 0) {
                    return false;
                }
                left = idle.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The line as it stands. */
    Report report() {
        return report(false);
    }

    /** The line as it stands; what comes from now on belongs to the next report. */
    Report endPeriod() {
        return report(true);
    }

    private Report report(boolean endsPeriod) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            long span = accruedAt - periodBegan;
            Report report = new Report(
                    limit,
                    minSlots,
                    maxSlots,
                    inFlight,
                    waiters.size(),
                    closed,
                    span > 0 ? slotNanos / span : inFlight,
                    limitReached || !waiters.isEmpty());
            if (endsPeriod) {
                periodBegan = accruedAt;
                slotNanos = 0;
                limitReached = false;
            }
            return report;
        } finally {
            lock.unlock();
        }
    }

    private void admit(Slot slot) {
        slot.held = true;
        inFlight++;
    }

    private void release(Slot slot) {
        slot.held = false;
        inFlight--;
        handOver();
        if (inFlight == 0) {
            timesIdle++;
            idle.signalAll();
        }
    }

    /** Grants slots to as many as fit, in order of arrival. */
    private void handOver() {
        if (waiters.isEmpty()) {
            return;
        }
        Iterator<Waiter> next = waiters.iterator();
        while (inFlight < limit && next.hasNext()) {
            Waiter waiter = next.next();
            next.remove();
            admit(waiter.slot);
            waiter.leave(Waiter.State.GRANTED);
        }
    }

    /**
     * To be called before inFlight changes. Threads read the clock before the lock, so their times may come disordered.
     */
    private void accrue(long now) {
        long span = now - accruedAt;
        if (span > 0) {
            slotNanos += (double) span * inFlight;
            accruedAt = now;
        }
    }
}
