package io.github.cpugate;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The slots that are held, so that one which nobody can close any more is found. Guarded by the line's lock.
 *
 * <p>A weak reference tells that a slot was garbage-collected. To make one for each session would double what a session
 * allocates; so it is made by the first step that finds the slot held, and a slot is kept strongly until then.
 */
final class HeldSlots {

    /** Says where a slot was taken, and since when it is held. Made with the slot, if its gate looks for leaks. */
    static final class Origin extends Throwable {
        private static final long serialVersionUID = 1L;
        long since;
        boolean reported;

        Origin() {
            super("the slot was taken here");
        }
    }

    /** Stands for a slot without holding on to it. */
    private static final class Trace extends WeakReference<Slot> {
        final @Nullable Origin origin;
        int index;

        Trace(Slot slot, ReferenceQueue<Slot> collected) {
            super(slot, collected);
            this.origin = slot.origin;
            this.index = slot.index;
        }
    }

    /** What was found: how many slots that were collected, where one of them was taken, and slots held for too long. */
    static final class Leaks {
        int collected;

        @Nullable
        Origin example;

        final List<Origin> overdue = new ArrayList<>(0);

        boolean isEmpty() {
            return collected == 0 && overdue.isEmpty();
        }
    }

    private final ReferenceQueue<Slot> collected = new ReferenceQueue<>();

    // entries[0..size) are the held slots, in no order, each as itself or as its trace;
    // the index in a slot, and in its trace, is its place there, and -1 once it is given back;
    // in a slot that was collected, whose trace is cleared, it says nothing.
    private Object[] entries = new Object[4];
    private int size;

    int size() {
        return size;
    }

    /** Makes room: adding so many slots will not fail for want of memory. */
    void reserve(int more) {
        if (size + more > entries.length) {
            entries = Arrays.copyOf(entries, Math.max(size + more, 2 * entries.length));
        }
    }

    /** Adds a slot, for which there must be room. */
    void add(Slot slot, long now) {
        if (slot.origin != null) {
            slot.origin.since = now;
        }
        slot.index = size;
        entries[size++] = slot;
    }

    /**
     * Not by the index alone: a finalizer may close a slot that was found collected, and whose place is another's by
     * now.
     */
    boolean contains(Slot slot) {
        int index = slot.index;
        return index >= 0
                && index < size
                && (entries[index] == slot || (entries[index] instanceof Trace trace && trace.refersTo(slot)));
    }

    /** Removes a slot that is held. */
    void remove(Slot slot) {
        removeAt(slot.index);
        slot.index = -1;
    }

    private void removeAt(int index) {
        if (entries[index] instanceof Trace trace) {
            trace.index = -1;
        }
        Object last = entries[--size];
        entries[size] = null;
        if (index == size) {
            return;
        }
        entries[index] = last;
        Slot moved;
        if (last instanceof Trace trace) {
            trace.index = index;
            moved = trace.get();
        } else {
            moved = (Slot) last;
        }
        if (moved != null) {
            moved.index = index;
        }
    }

    /** Removes the slots that were collected, and reports them, and each slot held for more than {@code nanos} once. */
    Leaks findLeaks(long now, long nanos) {
        Leaks leaks = new Leaks();
        for (int i = 0; i < size; i++) {
            if (entries[i] instanceof Slot slot) {
                entries[i] = new Trace(slot, collected);
            }
            Trace trace = (Trace) entries[i];
            Origin origin = trace.origin;
            if (origin != null && !origin.reported && now - origin.since > nanos && !trace.refersTo(null)) {
                leaks.overdue.add(origin);
                origin.reported = true;
            }
        }
        // From here on nothing is allocated, and so nothing fails: who was removed is reported, and who fits admitted.
        while (collected.poll() instanceof Trace trace) {
            if (trace.index >= 0) {
                removeAt(trace.index);
                leaks.collected++;
                leaks.example = leaks.example == null ? trace.origin : leaks.example;
            }
        }
        return leaks;
    }
}
