package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * The state that a {@link WaitingLine} guards by its lock (the limits, the slots, and the callers in line), with the
 * operations that keep its invariants. The line calls {@link #advance} first in each operation.
 */
final class LineState {

    // Between two operations:
    // held = the slots granted and neither given back nor paused; held.size() > allowed() only after allowed() fell,
    //   or after admitAnyway
    //   waiters is empty or held.size() >= limits.allowed(): no caller waits while a slot is free
    //   waiters and backingOff are empty if closed
    final Limits limits;
    final SlotSet held = new SlotSet();
    final SlotSet paused = new SlotSet(); // to be resumed
    final WaiterQueue waiters = new WaiterQueue();
    final WaiterQueue backingOff = new WaiterQueue(); // they join the line later
    final Usage usage;
    final IdleSignal idle;
    boolean closed;
    private @Nullable Waiter departed; // a chain of waiters that have left the line and must be woken
    private long now; // at the last advance

    LineState(Limits limits, long now, Condition idle) {
        this.limits = limits;
        this.usage = new Usage(now);
        this.now = now;
        this.idle = new IdleSignal(idle);
    }

    /** Accounts for the time until now, opens the slots of the floor whose time has passed, and hands them over. */
    void advance(long timeNow) {
        now = timeNow;
        usage.accrue(now, held.size(), waitingFor());
        if (limits.isFloorDue(now)) {
            // First, so that nothing is open yet if memory runs out.
            held.reserve(Math.min(waiters.size(), limits.minSlots()));
            limits.advanceTo(now);
            handOver();
        }
    }

    /** The time of the last {@link #advance}. */
    long now() {
        return now;
    }

    /**
     * Returns the time, in nanoseconds, until the clock admits callers in line; {@link Long#MAX_VALUE} if it will not.
     */
    long nanosUntilCallersFit() {
        return waiters.isEmpty() ? Long.MAX_VALUE : limits.nanosUntilFloorOpens(now);
    }

    boolean isFull() {
        return held.size() >= limits.allowed();
    }

    /** What holds the callers in line back. */
    Bottleneck waitingFor() {
        return waiters.isEmpty() ? Bottleneck.NONE : limits.bottleneck();
    }

    /** Counts a slot, for which there is room, as held. */
    void admit(LineSlot slot) {
        if (paused.contains(slot)) {
            paused.remove(slot);
            usage.resumed();
        } else {
            usage.admitted();
        }
        held.add(slot, now);
        limits.admitted(slot);
    }

    /** Counts a slot as held, whether there is room for it or not. Callers in line keep their order. */
    void admitAnyway(LineSlot slot) {
        held.reserve(1);
        if (isFull()) {
            usage.reached(limits.bottleneck());
        }
        admit(slot);
    }

    /**
     * Grants slots to as many of the first waiters as fit. Call {@code held.reserve} before if more slots may be
     * granted than were given back. Cannot fail.
     */
    void handOver() {
        Waiter chain = waiters.takeFirst(limits.allowed() - held.size(), Waiter.State.GRANTED);
        for (Waiter each = chain; each != null; each = each.next) {
            admit(each.slot);
        }
        depart(chain);
        if (held.size() == 0) {
            idle.signal();
        }
    }

    /** Takes back a slot if it is held. If its session has ever paused it, and it is not closed, it can be resumed. */
    void release(LineSlot slot) {
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
        handOver();
    }

    /** Forgets a closed slot that is not held: a session that waits to resume it leaves the line. */
    void close(LineSlot slot) {
        if (paused.contains(slot)) {
            paused.remove(slot);
        }
        if (slot.resumption != null) {
            Waiter resuming = slot.resumption;
            remove(resuming, Waiter.State.SLOT_CLOSED);
            depart(resuming);
        }
    }

    /** Adds a waiter that resumes a slot. Reserves room first: if memory runs out, queues and slot are unchanged. */
    void joinAgain(Waiter waiter) {
        // More than one may fit: this may open a slot of the floor while another caller is first in line.
        held.reserve(1 + Math.min(waiters.size(), limits.maxSlots()));
        if (waiter.state == Waiter.State.BACKING_OFF) {
            backingOff.remove(waiter);
        }
        waiter.slot.resumption = waiter;
        waiter.state = Waiter.State.IN_LINE;
        waiters.add(waiter);
        limits.resumes(waiter.slot);
        handOver();
        usage.reached(waitingFor());
    }

    void remove(Waiter waiter, Waiter.State outcome) {
        (waiter.state == Waiter.State.BACKING_OFF ? backingOff : waiters).remove(waiter);
        waiter.decide(outcome);
    }

    /** Refuses all callers in line and all later ones. */
    void close() {
        closed = true;
        waiters.addAll(backingOff);
        depart(waiters.takeFirst(waiters.size(), Waiter.State.GATE_CLOSED));
    }

    private void depart(@Nullable Waiter chain) {
        if (departed == null) {
            departed = chain;
            return;
        }
        Waiter last = departed;
        while (last.next != null) {
            last = last.next;
        }
        last.next = chain;
    }

    /** Returns the waiters that have left the line and must be woken, as a chain, once. */
    @Nullable
    Waiter takeDeparted() {
        Waiter chain = departed;
        departed = null;
        return chain;
    }

    /** Returns the threads that hold slots, as far as they are known; none unless all wait in line, if so asked. */
    Set<Thread> holders(boolean ifAllWait) {
        Set<@Nullable Thread> holders = held.holders();
        if (ifAllWait && !waiters.threads().containsAll(holders)) {
            return Set.of();
        }
        Set<Thread> known = new HashSet<>();
        for (Thread each : holders) {
            if (each != null) {
                known.add(each);
            }
        }
        return known;
    }

    LineSnapshot snapshot() {
        return LineSnapshot.of(
                limits, usage, held.size(), waiters.size(), paused.size(), backingOff.size(), waitingFor(), closed);
    }
}
