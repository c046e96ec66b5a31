package io.github.cpugate;

import org.jspecify.annotations.Nullable;

/** A caller in line, and the links by which it stands there. */
abstract class Waiter {

    enum State {
        IN_LINE,
        GRANTED,
        REFUSED
    }

    /** Made before the wait: once it is granted, nothing is left to allocate, and so to fail. */
    final Slot slot;

    /** Written under the line's lock, and only once; whoever waits reads it without. */
    volatile State state = State.IN_LINE;

    // The neighbours in line, guarded by its lock. In a chain of waiters that have left the line together, next is
    // their waker's alone.
    @Nullable
    Waiter previous;

    @Nullable
    Waiter next;

    Waiter(Slot slot) {
        this.slot = slot;
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
            if (waiter.slot.resuming) {
                addAfter(lastResuming, waiter);
                lastResuming = waiter;
            } else {
                addAfter(last, waiter);
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

        /** Takes out as many as there are, up to {@code most}; returns them as a chain, in order. */
        @Nullable
        Waiter takeFirst(int most) {
            Waiter head = most > 0 ? first : null;
            Waiter end = null;
            for (int left = most; left > 0 && first != null; left--) {
                end = first;
                if (end == lastResuming) {
                    lastResuming = null;
                }
                end.previous = null;
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
