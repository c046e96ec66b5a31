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
    // held = the slots granted and neither given back nor paused; held.size() > allowed() only after allowed() fell
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
    private boolean alarmSet;
    private long alarmAt; // if set
    private int alarm; // the number of the last one; an earlier one that still rings counts for nothing

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
            handOver(now);
        }
    }

    /**
     * Returns the time, in nanoseconds, after which the line must be called so that callers in line receive slots of
     * the floor that open by then; 0 if no call is needed. Until {@link #alarmRang} is called, returns 0 also if the
     * alarm that was set last is early enough.
     */
    long nextAlarm() {
        long nanos = waiters.isEmpty() ? Long.MAX_VALUE : limits.nanosUntilFloorOpens(now);
        if (nanos == Long.MAX_VALUE || (alarmSet && alarmAt - (now + nanos) <= 0)) {
            return 0;
        }
        alarmSet = true;
        alarmAt = now + nanos;
        alarm++;
        return nanos;
    }

    /** The number of the alarm that the last {@link #nextAlarm} asked for. */
    int alarm() {
        return alarm;
    }

    /** Does nothing if an earlier alarm has taken the place of this one: each would set the next for ever. */
    void alarmRang(int number) {
        alarmSet &= number != alarm;
    }

    boolean isFull() {
        return held.size() >= limits.allowed();
    }

    /** What holds the callers in line back. */
    Bottleneck waitingFor() {
        return waiters.isEmpty() ? Bottleneck.NONE : limits.bottleneck();
    }

    /** Counts a slot, for which there is room, as held. */
    void admit(LineSlot slot, long now) {
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
     * Grants slots to as many of the first waiters as fit. Call {@code held.reserve} before if more slots may be
     * granted than were given back. Cannot fail.
     */
    void handOver(long now) {
        Waiter chain = waiters.takeFirst(limits.allowed() - held.size(), Waiter.State.GRANTED);
        for (Waiter each = chain; each != null; each = each.next) {
            admit(each.slot, now);
        }
        depart(chain);
        if (held.size() == 0) {
            idle.signal();
        }
    }

    /** Takes back a slot if it is held. If its session has ever paused it, and it is not closed, it can be resumed. */
    void release(LineSlot slot, long now) {
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

    /** Closes a slot that is not held: a session that waits to resume it leaves the line. */
    void close(LineSlot slot) {
        slot.closed = true;
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
    void joinAgain(Waiter waiter, long now) {
        // More than one may fit: this may open a slot of the floor while another caller is first in line.
        held.reserve(1 + Math.min(waiters.size(), limits.maxSlots()));
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

    /**
     * Returns the threads that hold the slots if all of them wait in line, as in a deadlock; otherwise an empty set.
     */
    Set<Thread> waitingHolders() {
        Set<Thread> threads = new HashSet<>(waiters.threads());
        Set<@Nullable Thread> holders = held.holders();
        threads.retainAll(holders);
        return threads.size() == holders.size() ? threads : Set.of();
    }

    /** Returns the threads that hold slots, as far as they are known. */
    Set<Thread> holders() {
        Set<Thread> threads = new HashSet<>();
        for (Thread each : held.holders()) {
            if (each != null) {
                threads.add(each);
            }
        }
        return threads;
    }

    LineSnapshot snapshot() {
        return LineSnapshot.of(
                limits, usage, held.size(), waiters.size(), paused.size(), backingOff.size(), waitingFor(), closed);
    }
}
