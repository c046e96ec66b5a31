package io.github.cpugate.internal.line;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Waiters in order of arrival; those that resume a slot stand before all others. A doubly linked list: any waiter
 * leaves in constant time, and no operation allocates. Guarded by the line's lock.
 */
final class WaiterQueue {

    private @Nullable Waiter first;
    private @Nullable Waiter last;
    private @Nullable Waiter lastResuming; // every waiter up to it resumes a slot, and none behind it does
    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(Waiter waiter) {
        if (waiter.slot.resumption != null) {
            insertAfter(lastResuming, waiter);
            lastResuming = waiter;
        } else {
            insertAfter(last, waiter);
        }
    }

    /** Moves all waiters of another queue into this one. */
    void addAll(WaiterQueue others) {
        for (Waiter each = others.first; each != null; each = others.first) {
            others.remove(each);
            add(each);
        }
    }

    /** Inserts a waiter behind {@code predecessor}, or at the head if that is null. */
    private void insertAfter(@Nullable Waiter predecessor, Waiter waiter) {
        Waiter successor = predecessor == null ? first : predecessor.next;
        waiter.previous = predecessor;
        waiter.next = successor;
        if (predecessor == null) {
            first = waiter;
        } else {
            predecessor.next = waiter;
        }
        if (successor == null) {
            last = waiter;
        } else {
            successor.previous = waiter;
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

    /** The threads among the waiters. */
    Set<Thread> threads() {
        Set<Thread> threads = new HashSet<>();
        for (Waiter each = first; each != null; each = each.next) {
            if (each instanceof ThreadWaiter waiter) {
                threads.add(waiter.thread);
            }
        }
        return threads;
    }

    /** Takes up to {@code count} waiters from the head, decides each, and returns them as a chain, in order. */
    @Nullable
    Waiter takeFirst(int count, Waiter.State outcome) {
        Waiter head = count > 0 ? first : null;
        Waiter end = null;
        for (int left = count; left > 0 && first != null; left--) {
            end = first;
            if (end == lastResuming) {
                lastResuming = null;
            }
            end.previous = null;
            end.decide(outcome);
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
