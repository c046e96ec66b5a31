package io.github.cpugate.internal.line;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A set of slots, those that are held or those that are paused. Finds slots that were garbage-collected without having
 * been closed. Guarded by the line's lock.
 *
 * <p>A weak reference reveals that a slot was garbage-collected. A weak reference for each session would double what a
 * session allocates, so the first step that finds a slot held makes one, and the slot is strongly reachable until then.
 * Paused slots are few, so each has one from the beginning.
 */
public final class SlotSet {

    /** Records where a slot was taken, and since when it is held. Made with the slot if its gate warns of leaks. */
    static final class Origin extends Throwable {
        private static final long serialVersionUID = 1L;
        long since;
        boolean reported;

        Origin() {
            super("the slot was taken here");
        }
    }

    /** Stands for a slot without keeping it reachable. */
    static final class WeakEntry extends WeakReference<LineSlot> {
        final @Nullable Origin origin;
        final @Nullable Runnable onCollected;
        int index;
        private @Nullable WeakEntry nextLost;

        WeakEntry(LineSlot slot, ReferenceQueue<LineSlot> collected) {
            super(slot, collected);
            this.origin = slot.origin;
            this.onCollected = slot.onCollected;
            this.index = slot.index;
        }
    }

    /** A slot that has been held for too long: the stack that took it, and for how long, in nanoseconds. */
    public record Overdue(Throwable origin, long heldNanos) {}

    /** What one search for leaks found. */
    public static final class Leaks {

        private int collected;
        private @Nullable Origin example;
        private @Nullable WeakEntry lost; // a chain
        private final List<Overdue> overdue = new ArrayList<>(0);

        public boolean isEmpty() {
            return collected == 0 && overdue.isEmpty();
        }

        /**
         * Returns the number of held slots that were garbage-collected and have been given back. It does not include
         * slots of tasks, whose loss the executor reports.
         */
        public int collected() {
            return collected;
        }

        /** Where one of the collected slots was taken; null if that is not known. */
        public @Nullable Throwable example() {
            return example;
        }

        /** Passes on the {@code onCollected} of each slot that was garbage-collected and has one. */
        void forEachLost(Consumer<Runnable> action) {
            for (WeakEntry each = lost; each != null; each = each.nextLost) {
                action.accept(Objects.requireNonNull(each.onCollected));
            }
        }

        /** The slots that have been held for too long. */
        public List<Overdue> overdue() {
            return overdue;
        }
    }

    private final ReferenceQueue<LineSlot> collected = new ReferenceQueue<>();

    // entries[0..size) are the slots, in no order, each as itself or as its weak entry.
    // The index field of a slot, and of its weak entry, is its position there; it is -1 once the slot is removed.
    // In a slot that was collected, whose weak entry has been cleared, the index means nothing.
    private Object[] entries = new Object[4];
    private int size;

    int size() {
        return size;
    }

    /** Makes room, so that adding that number of slots cannot fail for want of memory. */
    void reserve(int more) {
        if (size + more > entries.length) {
            entries = Arrays.copyOf(entries, Math.max(size + more, 2 * entries.length));
        }
    }

    /** Adds a slot; there must be room for it. */
    void add(LineSlot slot, long now) {
        if (slot.origin != null) {
            slot.origin.since = now;
        }
        slot.index = size;
        entries[size++] = slot;
    }

    /** Makes an entry for a slot that is to be added weakly, and room for it. */
    WeakEntry prepare(LineSlot slot) {
        reserve(1);
        return new WeakEntry(slot, collected);
    }

    /** Adds a slot without keeping it reachable. Cannot fail. */
    void addWeakly(LineSlot slot, WeakEntry entry) {
        entry.index = size;
        slot.index = size;
        entries[size++] = entry;
    }

    /**
     * Checks the entry and not just the index: a finalizer may close a slot that was found collected, and whose
     * position belongs to another slot by now.
     */
    boolean contains(LineSlot slot) {
        int index = slot.index;
        return index >= 0
                && index < size
                && (entries[index] == slot || (entries[index] instanceof WeakEntry entry && entry.refersTo(slot)));
    }

    /** Removes a slot that is in the set. */
    void remove(LineSlot slot) {
        removeAt(slot.index);
        slot.index = -1;
    }

    private void removeAt(int index) {
        if (entries[index] instanceof WeakEntry entry) {
            entry.index = -1;
        }
        Object last = entries[--size];
        entries[size] = null;
        if (index == size) {
            return;
        }
        entries[index] = last;
        LineSlot moved;
        if (last instanceof WeakEntry entry) {
            entry.index = index;
            moved = entry.get();
        } else {
            moved = (LineSlot) last;
        }
        if (moved != null) {
            moved.index = index;
        }
    }

    /** Returns the threads that run the sessions. The set contains null if the thread of a session is not known. */
    Set<@Nullable Thread> holders() {
        Set<@Nullable Thread> holders = new HashSet<>();
        for (int i = 0; i < size; i++) {
            LineSlot slot = entries[i] instanceof WeakEntry entry ? entry.get() : (LineSlot) entries[i];
            holders.add(slot == null ? null : slot.holder);
        }
        return holders;
    }

    /** Removes and reports collected slots; also reports, once, each slot held for longer than {@code nanos}. */
    Leaks findLeaks(long now, long nanos) {
        Leaks leaks = new Leaks();
        for (int i = 0; i < size; i++) {
            if (entries[i] instanceof LineSlot slot) {
                entries[i] = new WeakEntry(slot, collected);
            }
            WeakEntry entry = (WeakEntry) entries[i];
            Origin origin = entry.origin;
            if (origin != null && !origin.reported && now - origin.since > nanos && !entry.refersTo(null)) {
                leaks.overdue.add(new Overdue(origin, now - origin.since));
                origin.reported = true;
            }
        }
        // The loop below allocates nothing, so it cannot fail: every slot that it removes is reported and granted anew.
        while (collected.poll() instanceof WeakEntry entry) {
            if (entry.index >= 0) {
                removeAt(entry.index);
                if (entry.onCollected != null) {
                    entry.nextLost = leaks.lost;
                    leaks.lost = entry;
                    continue;
                }
                leaks.collected++;
                leaks.example = leaks.example == null ? entry.origin : leaks.example;
            }
        }
        return leaks;
    }
}
