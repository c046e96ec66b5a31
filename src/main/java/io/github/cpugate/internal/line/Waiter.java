package io.github.cpugate.internal.line;

import io.github.cpugate.GateClosedException;
import org.jspecify.annotations.Nullable;

/** A caller in line: its slot, its state, and its links to its neighbours in a {@link WaiterQueue}. */
abstract class Waiter {

    enum State {
        /** Not in line yet: the service asked the session to back off. */
        BACKING_OFF,
        IN_LINE,
        GRANTED,
        GATE_CLOSED,
        SLOT_CLOSED,
        GAVE_UP
    }

    /** Made before the wait, so that granting it allocates nothing and cannot fail. */
    final LineSlot slot;

    /** Written under the line's lock, and final once it is decided; the waiting caller reads it without the lock. */
    volatile State state = State.IN_LINE;

    /** How long the session has to back off, measured by the gate's clock when the back-off began. */
    long backOffNanos;

    // The neighbours in the queue, guarded by the line's lock. In a chain of waiters that have left the line together,
    // next belongs to the thread that wakes them.
    @Nullable
    Waiter previous;

    @Nullable
    Waiter next;

    Waiter(LineSlot slot) {
        this.slot = slot;
    }

    final boolean isDecided() {
        return state != State.BACKING_OFF && state != State.IN_LINE;
    }

    /** Sets the outcome of a waiter that has been taken out of its queue. Called under the lock. */
    final void decide(State outcome) {
        slot.resumption = null;
        state = outcome;
    }

    /** Notifies the caller that it has left the line. Called once, without the lock, after the state was set. */
    abstract void wake();

    /** The exception for a caller that was refused. */
    final IllegalStateException closedException(String gate) {
        return state == State.SLOT_CLOSED
                ? new IllegalStateException("the slot was closed while it was being resumed")
                : new GateClosedException(gate);
    }

    /** Wakes a chain of waiters, in order. */
    static void wakeAll(@Nullable Waiter first) {
        Waiter waiter = first;
        while (waiter != null) {
            Waiter following = waiter.next;
            waiter.next = null;
            waiter.wake();
            waiter = following;
        }
    }
}
