package io.github.cpugate;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Admits callers under the limit, first come, first served.
 *
 * <p>Slots are handed over, not left lying: whoever makes room (a slot given back, a limit raised) takes as many
 * callers out of the line as fit, counts their slots as held, and wakes just them. So a newcomer cannot slip in ahead
 * of a caller that was woken but does not run yet, a wake-up is never spent on a caller that finds nothing, and who is
 * woken need not come back for the lock.
 *
 * <p>A caller leaves the line by one of three ways, decided under the lock: it is granted a slot, it is refused since
 * the gate closed, or it gives up (timeout, interrupt, cancellation). A grant that came before the giving up stands: a
 * thread gets its slot, a future that cannot take it any more gives it back.
 *
 * <p>Nothing foreign is called while the lock is held. The clock, which a test may supply, is read before; threads are
 * unparked and futures completed after.
 */
final class WaitingLine {

    final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    final String gate;
    private final LongSupplier nanoClock;
    private final long leakNanos; // 0: does not look for slots held too long
    private final @Nullable Executor completer;
    private @Nullable Waits waits;

    // All below is guarded by the lock. Whenever it is free:
    //   1 <= minSlots <= limit <= maxSlots
    //   held = slots granted and not given back; they exceed the limit only after the limit fell
    //   waiters is empty or held.size() >= limit: nobody stands in line before a free slot
    //   waiters is empty if closed
    // From the first and the third: nobody stands in line when no slot is held.
    private int minSlots;
    private int maxSlots;
    private int limit;
    private final HeldSlots held = new HeldSlots();
    private final Waiter.Queue waiters = new Waiter.Queue();
    private boolean closed;

    // Since the gate was built.
    private long admitted;
    private long timedOut;

    /** Times that the last held slot was given back: lets who awaits that moment see it though it has passed. */
    private long timesIdle;

    // What happened in this period, which began when the last one was ended.
    private boolean limitReached;
    private long periodBegan;
    private long accruedAt;
    private double slotNanos; // slots held, integrated over time, up to accruedAt

    /** The line at one moment; {@code meanInFlight} and {@code limitReached} tell of the period. */
    record Report(
            int limit,
            int minSlots,
            int maxSlots,
            int inFlight,
            int waiting,
            boolean closed,
            long admitted,
            long timedOut,
            double meanInFlight,
            boolean limitReached) {}

    /** What became of the limit, and the bounds that it was held to. */
    record Move(int before, int after, int minSlots, int maxSlots) {}

    /**
     * Makes a line.
     *
     * @param leakNanos slots held for longer are found by {@link #findLeaks()}; 0 for none
     * @param completer completes the futures of callers in line, or null for the default of CompletableFuture
     */
    WaitingLine(
            String gate,
            int minSlots,
            int maxSlots,
            int initialSlots,
            LongSupplier nanoClock,
            long leakNanos,
            @Nullable Executor completer) {
        this.gate = gate;
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.limit = initialSlots;
        this.nanoClock = nanoClock;
        this.leakNanos = leakNanos;
        this.completer = completer;
        this.periodBegan = nanoClock.getAsLong();
        this.accruedAt = periodBegan;
    }

    /** Sets who is told of waits. Before the line is shared. */
    void tellOfWaits(List<GateListener> listeners) {
        waits = listeners.isEmpty() ? null : new Waits(gate, listeners);
    }

    /** Tells that a caller has to wait; returns who is to be told how that ended, or null. Not under the lock. */
    @Nullable
    Wait waitBegan() {
        return waits == null ? null : waits.began();
    }

    boolean looksForLeaks() {
        return leakNanos > 0;
    }

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
        return admitOrLineUp(slot, null);
    }

    /** Does not wait; returns a future of the slot, which fails if the gate is closed. */
    CompletableFuture<Slot> enterAsync(Slot slot) {
        try {
            return tryEnter(slot) ? CompletableFuture.completedFuture(slot) : PendingSlot.lineUp(this, slot, completer);
        } catch (GateClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private boolean enter(Slot slot, boolean timed, long nanos) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (tryEnter(slot)) {
            return true;
        }
        if (timed && nanos <= 0) {
            return false;
        }
        return BlockedCaller.lineUp(this, slot, timed, nanos);
    }

    /**
     * Admits if there is room; by the invariants there is room only if nobody is in line, so this overtakes nobody. If
     * there is none, puts the waiter in line.
     */
    boolean admitOrLineUp(Slot slot, @Nullable Waiter waiter) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            if (closed) {
                throw closedException();
            }
            if (held.size() < limit) {
                held.reserve(1);
                accrue(now);
                held.add(slot, now);
                admitted++;
                return true;
            }
            limitReached = true;
            if (waiter != null) {
                waiters.add(waiter);
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes the waiter out of the line, and returns whether it stood there still.
     *
     * @param late whether it gives up since its time has passed
     */
    boolean giveUp(Waiter waiter, boolean late) {
        if (waiter.state != Waiter.State.IN_LINE) {
            return false; // decided, once and for all
        }
        lock.lock();
        try {
            if (waiter.state != Waiter.State.IN_LINE) {
                return false;
            }
            waiters.remove(waiter);
            timedOut += late ? 1 : 0;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a slot back, once. */
    void leave(Slot slot) {
        long now = nanoClock.getAsLong();
        Waiter granted = null;
        lock.lock();
        try {
            if (held.contains(slot)) {
                accrue(now);
                held.remove(slot);
                granted = handOver(now);
            }
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(granted);
    }

    /**
     * Moves the limit from {@code seen} to {@code wanted}, as far as the bounds allow, and admits who then fits. If the
     * bounds have moved it since it was seen, that stands: the decision was about another limit. Never waits for
     * sessions to end.
     */
    Move moveLimit(int seen, int wanted) {
        long now = nanoClock.getAsLong();
        Waiter granted;
        Move move;
        lock.lock();
        try {
            int before = limit;
            granted = before == seen ? setLimit(Math.max(minSlots, Math.min(maxSlots, wanted)), now) : null;
            limitReached |= !waiters.isEmpty(); // who is in line still, runs into the new limit too
            move = new Move(before, limit, minSlots, maxSlots);
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(granted);
        return move;
    }

    /** Sets the bounds, and moves the limit into them. */
    void setBounds(int newMin, int newMax) {
        long now = nanoClock.getAsLong();
        Waiter granted;
        lock.lock();
        try {
            granted = setLimit(Math.max(newMin, Math.min(newMax, limit)), now);
            minSlots = newMin;
            maxSlots = newMax;
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(granted);
    }

    /** Gives back the slots that were garbage-collected, and reports them, and those held for too long. */
    HeldSlots.Leaks findLeaks() {
        long now = nanoClock.getAsLong();
        Waiter granted = null;
        HeldSlots.Leaks leaks;
        lock.lock();
        try {
            accrue(now);
            leaks = held.findLeaks(now, leakNanos);
            if (leaks.collected > 0) {
                granted = handOver(now);
            }
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(granted);
        return leaks;
    }

    /** Refuses all in line and all to come. Slots that are held stay held. */
    void close() {
        Waiter refused;
        lock.lock();
        try {
            closed = true;
            refused = waiters.takeFirst(waiters.size());
            for (Waiter each = refused; each != null; each = each.next) {
                each.state = Waiter.State.REFUSED;
            }
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(refused);
    }

    /** Waits until no slot is held, or for at most {@code nanos}; returns whether there was such a moment. */
    boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long before = timesIdle;
            long left = nanos;
            while (held.size() > 0 && timesIdle == before) {
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
                    held.size(),
                    waiters.size(),
                    closed,
                    admitted,
                    timedOut,
                    span > 0 ? slotNanos / span : held.size(),
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

    GateClosedException closedException() {
        return new GateClosedException(gate);
    }

    /** Room for the slots of all who will be admitted is made first: after the limit has moved, nothing can fail. */
    private @Nullable Waiter setLimit(int newLimit, long now) {
        held.reserve(Math.min(newLimit - held.size(), waiters.size()));
        accrue(now);
        limit = newLimit;
        return handOver(now);
    }

    /**
     * Grants slots to as many as fit, in order of arrival, and returns them, to be woken once the lock is free. To be
     * called after slots were given back or the limit was raised, with time accrued up to now.
     */
    private @Nullable Waiter handOver(long now) {
        Waiter granted = waiters.takeFirst(limit - held.size());
        for (Waiter each = granted; each != null; each = each.next) {
            held.add(each.slot, now);
            admitted++;
            each.state = Waiter.State.GRANTED;
        }
        if (held.size() == 0) {
            timesIdle++;
            idle.signalAll();
        }
        return granted;
    }

    /**
     * To be called before slots are added or removed. Threads read the clock before the lock: times come disordered.
     */
    private void accrue(long now) {
        long span = now - accruedAt;
        if (span > 0) {
            slotNanos += (double) span * held.size();
            accruedAt = now;
        }
    }
}
