package io.github.cpugate;

import org.jspecify.annotations.Nullable;

/** A caller in line, and the links by which it stands there. */
abstract class Waiter {

    enum State {
        /** Not in line yet: the service wants to be left alone. */
        AT_REST,
        IN_LINE,
        GRANTED,
        GATE_CLOSED,
        SLOT_CLOSED,
        GAVE_UP
    }

    /** Made before the wait: once it is granted, nothing is left to allocate, and so to fail. */
    final Slot slot;

    /** Written under the line's lock, and not any more once it is decided; whoever waits reads it without. */
    volatile State state = State.IN_LINE;

    /** For how long it is at rest: by the gate's clock, when it began. */
    long restNanos;

    // The neighbours in line, guarded by its lock. In a chain of waiters that have left the line together, next is
    // their waker's alone.
    @Nullable
    Waiter previous;

    @Nullable
    Waiter next;

    Waiter(Slot slot) {
        this.slot = slot;
    }

    final boolean isDecided() {
        return state != State.AT_REST && state != State.IN_LINE;
    }

    /** Once it is out of the line; under the lock. */
    final void decide(State decision) {
        slot.resumption = null;
        state = decision;
    }

    /** Tells the caller that it is out of the line. Called once, without the lock, after the state was set. */
    abstract void wake();

    /** Wakes a chain, in order. */
    static void wakeAll(@Nullable Waiter first) {
        Waiter waiter = first;
        while (waiter != null) {
            Waiter following = waiter.next;
            waiter.next = null;
            waiter.wake();
            waiter = following;
        }
    }

    /**
     * Waiters in order of arrival, those who resume before all others. Any of them leaves in constant time, and nothing
     * is allocated.
     */
    static final class Queue {

        private @Nullable Waiter first;
        private @Nullable Waiter last;
        private @Nullable Waiter lastResuming; // all before it resume as well, none behind it does
        private int size;

        int size() {
            return size;
        }

        boolean isEmpty() {
            return size == 0;
        }

        void add(Waiter waiter) {
            if (waiter.slot.resumption != null) {
                addAfter(lastResuming, waiter);
                lastResuming = waiter;
            } else {
                addAfter(last, waiter);
            }
        }

        /** Adds all of another, which is empty then. */
        void addAll(Queue others) {
            for (Waiter each = others.first; each != null; each = others.first) {
                others.remove(each);
                add(each);
            }
        }

        /** At the head, if there is nobody before it. */
        private void addAfter(@Nullable Waiter before, Waiter waiter) {
            Waiter after = before == null ? first : before.next;
            waiter.previous = before;
            waiter.next = after;
            if (before == null) {
                first = waiter;
            } else {
                before.next = waiter;
            }
            if (after == null) {
                last = waiter;
            } else {
                after.previous = waiter;
            }
            size++;
        }

        void remove(Waiter waiter) {
            Waiter before = waiter.previous;
            Waiter after = waiter.next;
            if (waiter == lastResuming) {
                lastResuming = before;
            }
            if (before == null) {
                first = after;
            } else {
                before.next = after;
            }
            if (after == null) {
                last = before;
            } else {
                after.previous = before;
            }
            waiter.previous = null;
            waiter.next = null;
            size--;
        }

        /** Takes out as many as there are, up to {@code most}, so decided; returns them as a chain, in order. */
        @Nullable
        Waiter takeFirst(int most, State decision) {
            Waiter head = most > 0 ? first : null;
            Waiter end = null;
            for (int left = most; left > 0 && first != null; left--) {
                end = first;
                if (end == lastResuming) {
                    lastResuming = null;
                }
                end.previous = null;
                end.decide(decision);
                first = end.next;
                size--;
            }
            if (end != null) {
                end.next = null;
            }
            if (first == null) {
                last = null;
            } else {
                first.previous = null;
            }
            return head;
        }
    }
}
