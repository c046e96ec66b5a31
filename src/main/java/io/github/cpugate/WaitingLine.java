package io.github.cpugate;

import io.github.cpugate.Binding.Side;
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
 * <p>Two limits hold at once, and the lower one counts: the policy's, which goes by CPU, and the {@link ApiCeiling}.
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
    final Rests rests = new Rests();

    // All below is guarded by the lock. Whenever it is free:
    //   held = slots granted, and neither given back nor paused; they exceed what is allowed only after that fell
    //   waiters is empty or held.size() >= limits.allowed(): nobody stands in line before a free slot
    //   waiters is empty if closed
    private final Limits limits;
    private final HeldSlots held = new HeldSlots();
    private final Waiter.Queue waiters = new Waiter.Queue();
    private final Usage usage;
    private boolean closed;

    /** Times that the last held slot was given back: lets who awaits that moment see it though it has passed. */
    private long timesIdle;

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
        this.limits = new Limits(minSlots, maxSlots, initialSlots);
        this.nanoClock = nanoClock;
        this.leakNanos = leakNanos;
        this.completer = completer;
        this.usage = new Usage(nanoClock.getAsLong());
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

    long now() {
        return nanoClock.getAsLong();
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
        Waiter granted = null;
        lock.lock();
        try {
            if (closed) {
                throw closedException();
            }
            accrue(now);
            limits.resumes(slot);
            if (held.size() >= limits.allowed()) {
                usage.reached(limits.binding());
                if (waiter != null) {
                    waiters.add(waiter);
                }
                return false;
            }
            held.reserve(slot.resuming ? 1 + Math.min(waiters.size(), limits.maxSlots()) : 1);
            admit(slot, now);
            if (slot.resuming) {
                granted = handOver(now); // what was kept free for it may be more than a slot
            }
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(granted);
        return true;
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
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            if (waiter.state != Waiter.State.IN_LINE) {
                return false;
            }
            accrue(now);
            waiters.remove(waiter);
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

    /** Gives a slot back, to be resumed. */
    void pause(Slot slot) {
        takeBack(slot, false);
    }

    private void takeBack(Slot slot, boolean ends) {
        long now = nanoClock.getAsLong();
        Waiter granted = null;
        lock.lock();
        try {
            slot.closed |= ends;
            if (held.contains(slot)) {
                accrue(now);
                held.remove(slot);
                slot.paused = !ends;
                limits.gaveBack(slot, now);
                granted = handOver(now);
            }
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(granted);
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
        Waiter granted;
        Limits.Move move;
        lock.lock();
        try {
            accrue(now);
            held.reserve(Math.min(waiters.size(), limits.maxSlots()));
            boolean ceilingReached = usage.ceilingReached() || waitingFor() == Side.API;
            move = limits.step(seen, wanted, ceilingReached && held.size() <= limits.allowed(), now);
            granted = handOver(now);
            usage.endStep();
            usage.reached(waitingFor()); // who is in line still, runs into the new limit too
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
            accrue(now);
            held.reserve(Math.min(waiters.size(), newMax));
            limits.setBounds(newMin, newMax);
            granted = handOver(now);
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
        long now = nanoClock.getAsLong();
        Waiter refused;
        lock.lock();
        try {
            accrue(now);
            closed = true;
            refused = waiters.takeFirst(waiters.size());
            for (Waiter each = refused; each != null; each = each.next) {
                each.state = Waiter.State.REFUSED;
            }
        } finally {
            lock.unlock();
        }
        Waiter.wakeAll(refused);
        rests.close();
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

    GateClosedException closedException() {
        return new GateClosedException(gate);
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
     * Grants slots to as many as fit, in order of arrival, and returns them, to be woken once the lock is free. To be
     * called after slots were given back or more are allowed, with time accrued up to now, and with room made for their
     * slots if they may be more than were given back: after a limit has moved, nothing can fail.
     */
    private @Nullable Waiter handOver(long now) {
        Waiter granted = waiters.takeFirst(limits.allowed() - held.size());
        for (Waiter each = granted; each != null; each = each.next) {
            admit(each.slot, now);
            each.state = Waiter.State.GRANTED;
        }
        if (held.size() == 0) {
            timesIdle++;
            idle.signalAll();
        }
        return granted;
    }
}
