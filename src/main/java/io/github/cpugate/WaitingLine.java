package io.github.cpugate;

import io.github.cpugate.Binding.Side;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
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
 * the gate closed (or the slot that it resumes), or it gives up (timeout, interrupt, cancellation). A grant that came
 * before the giving up stands: a thread gets its slot, a future that cannot take it any more gives it back.
 *
 * <p>Nothing foreign is called while the lock is held. The clock, which a test may supply, is read before; threads are
 * unparked and futures completed after.
 */
final class WaitingLine {

    final ReentrantLock lock = new ReentrantLock();
    final String gate;
    private final LongSupplier nanoClock;
    private final long leakNanos; // 0: does not look for slots held too long
    final @Nullable Executor completer; // of the futures of callers in line; null: the default of CompletableFuture
    private @Nullable Waits waits;

    // All below is guarded by the lock. Whenever it is free:
    //   held = slots granted, and neither given back nor paused; they exceed what is allowed only after that fell
    //   waiters is empty or held.size() >= limits.allowed(): nobody stands in line before a free slot
    //   waiters and resting are empty if closed
    private final Limits limits;
    private final HeldSlots held = new HeldSlots();
    private final Waiter.Queue waiters = new Waiter.Queue();
    private final Waiter.Queue resting = new Waiter.Queue(); // they line up again later
    private final Usage usage;
    private @Nullable Waiter left; // the line, so decided, and to be woken
    private final Idle idle = new Idle(lock.newCondition());
    private boolean closed;

    WaitingLine(
            String gate,
            int minSlots,
            int maxSlots,
            int initialSlots,
            LongSupplier nanoClock,
            long leakNanos,
            @Nullable Executor completer) {
        this.gate = gate;
        this.limits = new Limits(minSlots, maxSlots, initialSlots);
        this.nanoClock = nanoClock;
        this.leakNanos = leakNanos;
        this.completer = completer;
        this.usage = new Usage(nanoClock.getAsLong());
    }

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

    void enter(Slot slot) throws InterruptedException {
        var unused = BlockedCaller.enter(this, slot, false, 0);
    }

    /** Waits for at most {@code nanos}, and returns whether the slot is held. */
    boolean enter(Slot slot, long nanos) throws InterruptedException {
        return BlockedCaller.enter(this, slot, true, nanos);
    }

    CompletableFuture<Slot> enterAsync(Slot slot) {
        return PendingSlot.enter(this, slot);
    }

    /** Does not wait; returns whether the slot is held. */
    boolean tryEnter(Slot slot) {
        return admitOrLineUp(slot, null);
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
                throw new GateClosedException(gate);
            }
            accrue(now);
            if (held.size() >= limits.allowed()) {
                usage.reached(limits.binding());
                if (waiter != null) {
                    waiters.add(waiter);
                }
                return false;
            }
            held.reserve(1);
            admit(slot, now);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Has one whose slot is paused rest, and then line up again; returns whether the slot is held by now. */
    boolean resume(Waiter waiter) {
        Slot slot = waiter.slot;
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            slot.checkResumable();
            if (held.contains(slot)) {
                return true;
            }
            if (closed) {
                throw new GateClosedException(gate);
            }
            waiter.restNanos = slot.nanosToRest(now);
            if (waiter.restNanos <= 0) {
                lineUpAgain(waiter, now);
                return waiter.state == Waiter.State.GRANTED;
            }
            slot.resumption = waiter;
            waiter.state = Waiter.State.AT_REST;
            resting.add(waiter);
            return false;
        } finally {
            unlock();
        }
    }

    /** Has a waiter line up that has rested for its time. */
    void rested(Waiter waiter) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            if (waiter.state == Waiter.State.AT_REST) {
                lineUpAgain(waiter, now);
            }
        } finally {
            unlock();
        }
    }

    /** If memory runs out, nothing has changed. */
    private void lineUpAgain(Waiter waiter, long now) {
        accrue(now);
        held.reserve(1 + Math.min(waiters.size(), limits.maxSlots())); // the floor may have been kept free
        if (waiter.state == Waiter.State.AT_REST) {
            resting.remove(waiter);
        }
        waiter.slot.resumption = waiter;
        waiter.state = Waiter.State.IN_LINE;
        waiters.add(waiter);
        limits.resumes(waiter.slot);
        handOver(now);
        usage.reached(waitingFor());
    }

    /**
     * Takes the waiter out of the line, and returns whether it stood there still.
     *
     * @param late whether it gives up since its time has passed
     */
    boolean giveUp(Waiter waiter, boolean late) {
        if (waiter.isDecided()) {
            return false; // once and for all
        }
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            if (waiter.isDecided()) {
                return false;
            }
            accrue(now);
            takeOut(waiter, Waiter.State.GAVE_UP);
            if (late) {
                usage.timedOut();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a slot back, once and for all. */
    void leave(Slot slot) {
        takeBack(slot, true);
    }

    /** Gives a slot back that is to be resumed, or that nobody has seen. */
    void pause(Slot slot) {
        takeBack(slot, false);
    }

    private void takeBack(Slot slot, boolean ends) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            slot.closed |= ends;
            if (held.contains(slot)) {
                accrue(now);
                held.remove(slot);
                limits.gaveBack(slot, now);
                handOver(now);
            } else if (ends && slot.resumption != null) {
                accrue(now);
                left = slot.resumption;
                takeOut(slot.resumption, Waiter.State.SLOT_CLOSED);
            }
        } finally {
            unlock();
        }
    }

    private void takeOut(Waiter waiter, Waiter.State decision) {
        (waiter.state == Waiter.State.AT_REST ? resting : waiters).remove(waiter);
        waiter.decide(decision);
    }

    /** The service refused the slot's session, be it held or not. */
    void refused(Slot slot, RetryAfter asked) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            int inFlight = held.contains(slot) ? held.size() : held.size() + 1;
            limits.refused(slot, inFlight, usage.ended(held.size()), now, asked.nanos());
            usage.refused(asked.oddity());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the limit from {@code seen} to {@code wanted}, as far as the bounds allow, lets the API ceiling make its
     * step, and admits who then fits. If the bounds have moved the limit since it was seen, that stands: the decision
     * was about another limit. Never waits for sessions to end.
     */
    Limits.Move step(int seen, int wanted) {
        long now = nanoClock.getAsLong();
        Limits.Move move;
        lock.lock();
        try {
            accrue(now);
            held.reserve(Math.min(waiters.size(), limits.maxSlots()));
            boolean ceilingReached = usage.ceilingReached() || waitingFor() == Side.API;
            move = limits.step(seen, wanted, ceilingReached && held.size() <= limits.allowed(), now);
            handOver(now);
            usage.endStep();
            usage.reached(waitingFor()); // who is in line still, runs into the new limit too
        } finally {
            unlock();
        }
        return move;
    }

    /** Sets the bounds, and moves the limit into them. */
    void setBounds(int newMin, int newMax) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            held.reserve(Math.min(waiters.size(), newMax));
            limits.setBounds(newMin, newMax);
            handOver(now);
        } finally {
            unlock();
        }
    }

    /** Gives back the slots that were garbage-collected, and reports them, and those held for too long. */
    HeldSlots.Leaks findLeaks() {
        long now = nanoClock.getAsLong();
        HeldSlots.Leaks leaks;
        lock.lock();
        try {
            accrue(now);
            leaks = held.findLeaks(now, leakNanos);
            if (leaks.collected > 0) {
                handOver(now);
            }
        } finally {
            unlock();
        }
        return leaks;
    }

    /** Refuses all in line and all to come. Slots that are held stay held. */
    void close() {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            closed = true;
            waiters.addAll(resting);
            left = waiters.takeFirst(waiters.size(), Waiter.State.GATE_CLOSED);
        } finally {
            unlock();
        }
    }

    /** Waits until no slot is held, or for at most {@code nanos}; returns whether there was such a moment. */
    boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            return held.size() == 0 || idle.await(nanos);
        } finally {
            lock.unlock();
        }
    }

    /** The line as it stands. */
    LineReport report() {
        return report(false);
    }

    /** The line as it stands; what comes from now on belongs to the next report. */
    LineReport endPeriod() {
        return report(true);
    }

    private LineReport report(boolean endsPeriod) {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            accrue(now);
            LineReport report = LineReport.of(limits, usage, held.size(), waiters.size(), waitingFor(), closed);
            if (endsPeriod) {
                usage.endPeriod();
            }
            return report;
        } finally {
            lock.unlock();
        }
    }

    /** What one is told that was refused. */
    IllegalStateException refusal(Waiter waiter) {
        return waiter.state == Waiter.State.SLOT_CLOSED
                ? new IllegalStateException("the slot was closed while it was being resumed")
                : new GateClosedException(gate);
    }

    /** What those in line are held back by. */
    private Side waitingFor() {
        return waiters.isEmpty() ? Side.NONE : limits.binding();
    }

    private void accrue(long now) {
        usage.accrue(now, held.size(), waitingFor());
    }

    private void admit(Slot slot, long now) {
        held.add(slot, now);
        limits.admitted(slot);
        usage.admitted();
    }

    /**
     * Grants slots to as many as fit, in order. To be called after slots were given back or more are allowed, with time
     * accrued, and with room for them if they may be more than were given back: from here on nothing can fail.
     */
    private void handOver(long now) {
        left = waiters.takeFirst(limits.allowed() - held.size(), Waiter.State.GRANTED);
        for (Waiter each = left; each != null; each = each.next) {
            admit(each.slot, now);
        }
        if (held.size() == 0) {
            idle.now();
        }
    }

    /** Wakes those who have left the line, once the lock is free. */
    private void unlock() {
        Waiter woken = left;
        left = null;
        lock.unlock();
        Waiter.wakeAll(woken);
    }
}
