package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateFullException;
import io.github.cpugate.Wait;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Admits callers under the limit, first come, first served; sessions that resume a slot go first.
 *
 * <p>Slots are handed over. The thread that makes room, by giving a slot back or raising the limit, takes as many
 * callers out of the line as fit, counts their slots as held, and wakes exactly those callers ({@link ThreadWaiter},
 * {@link FutureWaiter}). So a newcomer cannot overtake a caller that was granted a slot but does not run yet, no
 * wake-up is spent on a caller that finds nothing, and a caller that is woken need not acquire the lock again.
 *
 * <p>A caller leaves the line in one of three ways, decided under the lock: it is granted a slot, it is refused because
 * the gate (or the slot that it resumes) was closed, or it gives up (timeout, interrupt, cancellation). A grant that
 * came first stands: a thread keeps its slot, and a future that can no longer take the slot gives it back.
 *
 * <p>No foreign code runs under the lock: the clock is read before, threads are unparked and futures completed after.
 */
public final class WaitingLine {

    final ReentrantLock lock = new ReentrantLock();
    private final LineState state; // guarded by lock
    private final FloorAlarm alarm = new FloorAlarm(this);
    final String gate;
    private final LongSupplier nanoClock;
    private final int maxWaiting;
    final long leakNanos; // slots held for longer are reported; 0 means never
    final LineThreads threads;
    volatile Executor completer; // completes the futures of waiters; throws nothing
    private @Nullable Supplier<@Nullable Wait> waitObserver;

    public WaitingLine(
            String gate,
            int minSlots,
            int maxSlots,
            int initialSlots,
            int maxWaiting,
            LongSupplier nanoClock,
            long leakNanos) {
        this.gate = gate;
        Limits limits = new Limits(minSlots, maxSlots, initialSlots);
        this.state = new LineState(limits, nanoClock.getAsLong(), lock.newCondition());
        this.maxWaiting = maxWaiting;
        this.nanoClock = nanoClock;
        this.leakNanos = leakNanos;
        this.threads = new LineThreads(gate, maxSlots);
        this.completer = new Completer(threads, threads);
    }

    /**
     * Sets the executor that completes futures in place of the line's own threads. Call it before the first caller
     * enters.
     */
    public void completeOn(Executor executor) {
        completer = new Completer(executor, threads);
    }

    /** Sets what to call when a caller begins to wait. Call it before the first caller enters. */
    public void observeWaits(Supplier<@Nullable Wait> observer) {
        waitObserver = observer;
    }

    /**
     * Reports that a caller has to wait. Returns what to call when its wait has ended, or null. Not called under the
     * lock.
     */
    @Nullable
    Wait waitBegan() {
        return waitObserver == null ? null : waitObserver.get();
    }

    /** Runs a task once that time has passed. The task must not block. */
    public void schedule(Runnable task, long nanos) {
        var unused = threads.schedule(task, nanos);
    }

    /** Acquires the lock, and advances the state to now. The clock is foreign code, so it is read before. */
    private void acquire() {
        long now = nanoClock.getAsLong();
        lock.lock();
        try {
            state.advance(now);
        } catch (Throwable t) { // out of memory
            lock.unlock();
            throw t;
        }
    }

    /** Releases the lock, and then wakes the waiters that have left the line, and sets an alarm if one is needed. */
    private void release() {
        Waiter woken = state.takeDeparted();
        long nanos = state.nanosUntilCallersFit();
        boolean needsAlarm = alarm.isNeeded(state.now(), nanos);
        int number = alarm.number();
        lock.unlock();
        Waiter.wakeAll(woken);
        if (needsAlarm) {
            alarm.set(number, nanos);
        }
    }

    /** Returns whether the slot is held; does not wait. */
    boolean tryEnter(LineSlot slot) {
        return admitOrEnqueue(slot, null, false);
    }

    /**
     * Admits if there is room, and otherwise adds the waiter, if there is one, to the line. By the invariants there is
     * room only if the line is empty, so this overtakes no caller.
     *
     * @param waits whether the caller will wait if there is no room, so that it must be turned away if the line is full
     */
    boolean admitOrEnqueue(LineSlot slot, @Nullable Waiter waiter, boolean waits) {
        acquire();
        try {
            if (state.closed) {
                throw new GateClosedException(gate);
            }
            if (!state.isFull()) {
                state.held.reserve(1);
                state.admit(slot);
                return true;
            }
            state.usage.reached(state.limits.bottleneck());
            if (waits && state.waiters.size() >= maxWaiting) {
                state.usage.rejected();
                throw new GateFullException(gate, state.waiters.size());
            }
            if (waiter != null) {
                state.waiters.add(waiter);
            }
            return false;
        } finally {
            release();
        }
    }

    /** Begins to resume the waiter's paused slot: backs off, then joins the line. Returns whether the slot is held. */
    boolean resume(Waiter waiter) {
        LineSlot slot = waiter.slot;
        acquire();
        try {
            slot.checkResumable();
            if (state.held.contains(slot)) {
                return true;
            }
            if (state.closed) {
                throw new GateClosedException(gate);
            }
            waiter.backOffNanos = slot.backOffNanos(state.now());
            if (waiter.backOffNanos <= 0) {
                state.joinAgain(waiter);
                return waiter.state == Waiter.State.GRANTED;
            }
            slot.resumption = waiter;
            waiter.state = Waiter.State.BACKING_OFF;
            state.backingOff.add(waiter);
            return false;
        } finally {
            release();
        }
    }

    /** Takes a paused slot back, whether it fits or not. */
    void resumeNow(LineSlot slot) {
        acquire();
        try {
            slot.checkResumable();
            if (!state.held.contains(slot)) {
                state.admitAnyway(slot);
            }
        } finally {
            release();
        }
    }

    /** Adds to the line a waiter whose back-off has ended. */
    void backOffEnded(Waiter waiter) {
        acquire();
        try {
            if (waiter.state == Waiter.State.BACKING_OFF) {
                state.joinAgain(waiter);
            }
        } finally {
            release();
        }
    }

    /**
     * Takes the waiter out of the line, and returns whether it was still in it.
     *
     * @param late whether it gives up because its time has passed
     */
    boolean giveUp(Waiter waiter, boolean late) {
        if (waiter.isDecided()) {
            return false; // a decision is final
        }
        acquire();
        try {
            if (waiter.isDecided()) {
                return false;
            }
            state.remove(waiter, Waiter.State.GAVE_UP);
            if (late) {
                state.usage.timedOut();
            }
            return true;
        } finally {
            release();
        }
    }

    /** Gives a slot back and closes it. */
    void giveBack(LineSlot slot) {
        acquire();
        try {
            slot.closed = true;
            if (state.held.contains(slot)) {
                state.release(slot);
            } else {
                state.close(slot);
            }
        } finally {
            release();
        }
    }

    /** Gives a slot back that will be resumed. */
    void pause(LineSlot slot) {
        acquire();
        try {
            slot.everPaused = true;
            state.release(slot);
        } finally {
            release();
        }
    }

    /**
     * Takes back a slot whose caller left before it received it; the slot of a session that resumed is paused again.
     */
    void abandon(LineSlot slot) {
        acquire();
        try {
            state.release(slot);
        } finally {
            release();
        }
    }

    /** The service refused the slot's session, whether the slot is held or not. */
    void refused(LineSlot slot, RetryAfter retryAfter) {
        acquire();
        try {
            int held = state.held.size();
            int inFlight = state.held.contains(slot) ? held : held + 1;
            state.limits.refused(slot, inFlight, state.usage.ended(held), state.now(), retryAfter.nanos());
            state.usage.refused(retryAfter.rejected());
        } finally {
            release();
        }
    }

    /** Begins a step, and returns the line as it stands. A step that has a reading begins a new measuring window. */
    public LineSnapshot beginStep(boolean hasReading) {
        acquire();
        try {
            LineSnapshot snapshot = state.snapshot();
            state.usage.beginStep(snapshot.totals());
            if (hasReading) {
                state.usage.beginWindow();
            }
            return snapshot;
        } finally {
            release();
        }
    }

    /**
     * Ends a step: moves the limit from {@code seen} to {@code wanted} as far as the bounds allow, lets the API ceiling
     * make its step, and admits the callers that then fit. If {@code setBounds} has moved the limit since
     * {@link #beginStep}, it stays where it is, since {@code wanted} was decided for another limit. Does not wait for
     * sessions to end.
     *
     * @param refused whether the service refused between the last step and this one
     */
    public LimitMove endStep(int seen, int wanted, boolean refused) {
        acquire();
        try {
            Limits limits = state.limits;
            state.held.reserve(Math.min(state.waiters.size(), limits.maxSlots()));
            boolean ceilingReached = state.usage.ceilingReached() || state.waitingFor() == Bottleneck.API;
            boolean drains = state.held.size() > limits.allowed();
            LimitMove move = limits.step(seen, wanted, ceilingReached && !drains, refused, state.now());
            state.handOver();
            state.usage.endStep();
            state.usage.reached(state.waitingFor()); // callers that still wait count as having reached the new limit
            return move;
        } finally {
            release();
        }
    }

    /** Sets the bounds, and moves the limit into them. */
    public void setBounds(int newMin, int newMax) {
        acquire();
        try {
            state.held.reserve(Math.min(state.waiters.size(), newMax));
            state.limits.setBounds(newMin, newMax);
            state.handOver();
        } finally {
            release();
        }
    }

    /** Gives back garbage-collected slots; reports these, and slots that have been held for too long. */
    public SlotSet.Leaks findLeaks() {
        SlotSet.Leaks leaks;
        acquire();
        try {
            // A paused slot occupies no room, so there is nothing to warn of.
            var unused = state.paused.findLeaks(state.now(), Long.MAX_VALUE);
            leaks = state.held.findLeaks(state.now(), leakNanos); // last: what it removes must be handed over
            state.handOver();
        } finally {
            release();
        }
        leaks.forEachLost(completer::execute);
        return leaks;
    }

    /**
     * Returns the threads that hold slots, as far as they are known.
     *
     * @param ifAllWait whether to return an empty set unless each slot is held by a thread in line, as in a deadlock
     */
    public Set<Thread> holders(boolean ifAllWait) {
        acquire();
        try {
            return state.holders(ifAllWait);
        } finally {
            release();
        }
    }

    /** Refuses all callers in line and all later ones. Slots that are held stay held. */
    public void close() {
        acquire();
        try {
            state.close();
        } finally {
            release();
        }
    }

    /** Waits until no slot is held, for up to {@code nanos}; returns whether there was such a moment. */
    public boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            return state.held.size() == 0 || state.idle.await(nanos);
        } finally {
            lock.unlock();
        }
    }

    public LineSnapshot snapshot() {
        acquire();
        try {
            return state.snapshot();
        } finally {
            release();
        }
    }
}
