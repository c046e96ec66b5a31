package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.Wait;
import java.util.concurrent.CompletableFuture;
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
    final String gate;
    private final LongSupplier nanoClock;
    final long leakNanos; // slots held for longer are reported; 0 means never
    final @Nullable Executor completer; // completes the futures of waiters; null: CompletableFuture's default executor
    private @Nullable Supplier<@Nullable Wait> waitObserver;

    // The lock guards all fields below. Whenever it is free:
    //   held = the slots granted and neither given back nor paused; more than allowed only after allowed() fell
    //   waiters is empty or held.size() >= limits.allowed(): no caller waits while a slot is free
    //   waiters and backingOff are empty if closed
    private final Limits limits;
    private final SlotSet held = new SlotSet();
    private final SlotSet paused = new SlotSet(); // to be resumed
    private final WaiterQueue waiters = new WaiterQueue();
    private final WaiterQueue backingOff = new WaiterQueue(); // they join the line later
    private final Usage usage;
    private @Nullable Waiter departed; // a chain of waiters that have left the line and must be woken
    private final IdleSignal idle = new IdleSignal(lock.newCondition());
    private boolean closed;

    public WaitingLine(
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

    /** Sets what to call when a caller begins to wait; before the first one enters. */
    public void observeWaits(Supplier<@Nullable Wait> observer) {
        waitObserver = observer;
    }

    /** Reports that a caller has to wait; returns what to call when its wait has ended, or null. Not under the lock. */
    @Nullable
    Wait waitBegan() {
        return waitObserver == null ? null : waitObserver.get();
    }

    /** Waits for as long as it takes, and returns once the slot is held. */
    public void enter(LineSlot slot) throws InterruptedException {
        var unused = ThreadWaiter.enter(this, slot, false, 0);
    }

    /** Waits for at most {@code nanos}, and returns whether the slot is held. */
    public boolean enter(LineSlot slot, long nanos) throws InterruptedException {
        return ThreadWaiter.enter(this, slot, true, nanos);
    }

    /** Returns a future of the slot, which completes once the slot is held. */
    public CompletableFuture<Slot> enterAsync(LineSlot slot) {
        return FutureWaiter.enter(this, slot);
    }

    /** Returns whether the slot is held; does not wait. */
    public boolean tryEnter(LineSlot slot) {
        return admitOrEnqueue(slot, null);
    }

    /**
     * Admits if there is room, and otherwise adds the waiter to the line. By the invariants there is room only if the
     * line is empty, so this overtakes no caller.
     */
    boolean admitOrEnqueue(LineSlot slot, @Nullable Waiter waiter) {
        long now = acquire();
        try {
            if (closed) {
                throw new GateClosedException(gate);
            }
            if (held.size() >= limits.allowed()) {
                usage.reached(limits.bottleneck());
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

    /** Begins to resume the waiter's paused slot: backs off, then joins the line. Returns whether the slot is held. */
    boolean resume(Waiter waiter) {
        LineSlot slot = waiter.slot;
        long now = acquire();
        try {
            slot.checkResumable();
            if (held.contains(slot)) {
                return true;
            }
            if (closed) {
                throw new GateClosedException(gate);
            }
            waiter.backOffNanos = slot.backOffNanos(now);
            if (waiter.backOffNanos <= 0) {
                joinAgain(waiter, now);
                return waiter.state == Waiter.State.GRANTED;
            }
            slot.resumption = waiter;
            waiter.state = Waiter.State.BACKING_OFF;
            backingOff.add(waiter);
            return false;
        } finally {
            unlock();
        }
    }

    /** Adds to the line a waiter whose back-off has ended. */
    void backOffEnded(Waiter waiter) {
        long now = acquire();
        try {
            if (waiter.state == Waiter.State.BACKING_OFF) {
                joinAgain(waiter, now);
            }
        } finally {
            unlock();
        }
    }

    /** Reserves room first: if memory runs out, the queues and the slot are unchanged. */
    private void joinAgain(Waiter waiter, long now) {
        held.reserve(1
                + Math.min(waiters.size(), limits.maxSlots())); // more than one may fit: this may reopen a closed floor
        if (waiter.state == Waiter.State.BACKING_OFF) {
            backingOff.remove(waiter);
        }
        waiter.slot.resumption = waiter;
        waiter.state = Waiter.State.IN_LINE;
        waiters.add(waiter);
        limits.resumes(waiter.slot);
        handOver(now);
        usage.reached(waitingFor());
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
        long now = acquire();
        try {
            if (waiter.isDecided()) {
                return false;
            }
            remove(waiter, Waiter.State.GAVE_UP);
            if (late) {
                usage.timedOut();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a slot back and closes it. */
    void giveBack(LineSlot slot) {
        long now = acquire();
        try {
            slot.closed = true;
            release(slot, now);
            if (paused.contains(slot)) {
                paused.remove(slot);
            }
            if (slot.resumption != null) {
                departed = slot.resumption;
                remove(slot.resumption, Waiter.State.SLOT_CLOSED);
            }
        } finally {
            unlock();
        }
    }

    /** Gives a slot back that will be resumed. */
    void pause(LineSlot slot) {
        long now = acquire();
        try {
            slot.everPaused = true;
            release(slot, now);
        } finally {
            unlock();
        }
    }

    /**
     * Takes back a slot whose caller left before it received it; the slot of a session that resumed is paused again.
     */
    void abandon(LineSlot slot) {
        long now = acquire();
        try {
            release(slot, now);
        } finally {
            unlock();
        }
    }

    private void release(LineSlot slot, long now) {
        if (!held.contains(slot)) {
            return;
        }
        // Made first: if memory runs out, nothing has changed.
        SlotSet.WeakEntry entry = slot.everPaused && !slot.closed ? paused.prepare(slot) : null;
        held.remove(slot);
        if (entry != null) {
            paused.addWeakly(slot, entry);
        }
        limits.gaveBack(slot, now);
        handOver(now);
    }

    private void remove(Waiter waiter, Waiter.State outcome) {
        (waiter.state == Waiter.State.BACKING_OFF ? backingOff : waiters).remove(waiter);
        waiter.decide(outcome);
    }

    /** The service refused the slot's session, whether the slot is held or not. */
    void refused(LineSlot slot, RetryAfter retryAfter) {
        long now = acquire();
        try {
            int inFlight = held.contains(slot) ? held.size() : held.size() + 1;
            limits.refused(slot, inFlight, usage.ended(held.size()), now, retryAfter.nanos());
            usage.refused(retryAfter.rejected());
        } finally {
            lock.unlock();
        }
    }

    /** Begins a step, and returns the line as it stands. A step that has a reading begins a new measuring window. */
    public LineSnapshot beginStep(boolean hasReading) {
        long now = acquire();
        try {
            LineSnapshot snapshot = look(now);
            usage.beginStep(snapshot.totals());
            if (hasReading) {
                usage.beginWindow();
            }
            return snapshot;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends a step: moves the limit from {@code seen} to {@code wanted} as far as the bounds allow, lets the API ceiling
     * make its step, and admits the callers that then fit. If {@code setBounds} has moved the limit since then, it
     * stays where it is, since {@code wanted} was decided for another limit. Does not wait for sessions to end.
     *
     * @param refused whether the service refused between the last step and this one
     */
    public LimitMove endStep(int seen, int wanted, boolean refused) {
        long now = acquire();
        try {
            held.reserve(Math.min(waiters.size(), limits.maxSlots()));
            boolean ceilingReached = usage.ceilingReached() || waitingFor() == Bottleneck.API;
            boolean drains = held.size() > limits.allowed();
            LimitMove move = limits.step(seen, wanted, ceilingReached && !drains, refused, now);
            handOver(now);
            usage.endStep();
            usage.reached(waitingFor()); // callers that still wait count as having reached the new limit
            return move;
        } finally {
            unlock();
        }
    }

    /** Sets the bounds, and moves the limit into them. */
    public void setBounds(int newMin, int newMax) {
        long now = acquire();
        try {
            held.reserve(Math.min(waiters.size(), newMax));
            limits.setBounds(newMin, newMax);
            handOver(now);
        } finally {
            unlock();
        }
    }

    /** Gives back garbage-collected slots; reports these, and slots that have been held for too long. */
    public SlotSet.Leaks findLeaks() {
        long now = acquire();
        try {
            SlotSet.Leaks leaks = held.findLeaks(now, leakNanos);
            var unused = paused.findLeaks(now, Long.MAX_VALUE); // these occupy no room, so there is nothing to warn of
            if (leaks.collected() > 0) {
                handOver(now);
            }
            return leaks;
        } finally {
            unlock();
        }
    }

    /** Refuses all callers in line and all to come. Slots that are held stay held. */
    public void close() {
        long now = acquire();
        try {
            closed = true;
            waiters.addAll(backingOff);
            departed = waiters.takeFirst(waiters.size(), Waiter.State.GATE_CLOSED);
        } finally {
            unlock();
        }
    }

    /** Waits until no slot is held, for up to {@code nanos}; returns whether there was such a moment. */
    public boolean awaitIdle(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            return held.size() == 0 || idle.await(nanos);
        } finally {
            lock.unlock();
        }
    }

    public LineSnapshot snapshot() {
        long now = acquire();
        try {
            return look(now);
        } finally {
            lock.unlock();
        }
    }

    private LineSnapshot look(long now) {
        return LineSnapshot.of(
                limits, usage, held.size(), waiters.size(), paused.size(), backingOff.size(), waitingFor(), closed);
    }

    private Bottleneck waitingFor() {
        return waiters.isEmpty() ? Bottleneck.NONE : limits.bottleneck();
    }

    /**
     * Acquires the lock, accounts for the time until now, and returns it. The clock is foreign code: it is read before.
     */
    private long acquire() {
        long now = nanoClock.getAsLong();
        lock.lock();
        usage.accrue(now, held.size(), waitingFor());
        return now;
    }

    private void admit(LineSlot slot, long now) {
        if (paused.contains(slot)) {
            paused.remove(slot);
            usage.resumed();
        } else {
            usage.admitted();
        }
        held.add(slot, now);
        limits.admitted(slot);
    }

    /**
     * Grants slots to as many of the first waiters as fit. Call {@code accrue} before, and {@code held.reserve} if more
     * slots may be granted than were given back. Cannot fail.
     */
    private void handOver(long now) {
        departed = waiters.takeFirst(limits.allowed() - held.size(), Waiter.State.GRANTED);
        for (Waiter each = departed; each != null; each = each.next) {
            admit(each.slot, now);
        }
        if (held.size() == 0) {
            idle.signal();
        }
    }

    /** Releases the lock, and then wakes the waiters that have left the line. */
    private void unlock() {
        Waiter woken = departed;
        departed = null;
        lock.unlock();
        Waiter.wakeAll(woken);
    }
}
