package io.github.cpugate.internal.line;

import java.util.Arrays;

/**
 * The slots of the floor that are shut, each until its own time. Slots are interchangeable, so only their times are
 * kept. Guarded by the line's lock.
 */
final class ShutSlots {

    // opensAt[0..count) are the times at which the shut slots open, the earliest first. Times may overflow, so they are
    // compared by their difference.
    private long[] opensAt = {};
    private int count;

    int count() {
        return count;
    }

    /** Makes room for that number of shut slots in all, so that {@link #shut} allocates nothing. */
    void reserve(int slots) {
        if (slots > opensAt.length) {
            opensAt = Arrays.copyOf(opensAt, slots);
        }
    }

    /**
     * Shuts a slot until that time. If there is no room, the slot with the earliest time opens, which may be this one.
     */
    void shut(long until) {
        int at = count;
        while (at > 0 && opensAt[at - 1] - until > 0) {
            at--;
        }
        if (count < opensAt.length) {
            System.arraycopy(opensAt, at, opensAt, at + 1, count - at);
            opensAt[at] = until;
            count++;
        } else if (at > 0) {
            System.arraycopy(opensAt, 1, opensAt, 0, at - 1);
            opensAt[at - 1] = until;
        }
    }

    /** Opens one of the slots that are shut until exactly that time, if there is one. */
    void open(long until) {
        for (int i = 0; i < count; i++) {
            if (opensAt[i] == until) {
                remove(i, i + 1);
                return;
            }
        }
    }

    /** Whether the time of a shut slot has passed. */
    boolean isDue(long now) {
        return count > 0 && opensAt[0] - now <= 0;
    }

    /** Opens the slots whose time has passed. */
    void advanceTo(long now) {
        int passed = 0;
        while (passed < count && opensAt[passed] - now <= 0) {
            passed++;
        }
        if (passed > 0) {
            remove(0, passed);
        }
    }

    /**
     * Returns the time, in nanoseconds, until only {@code slots} slots are shut, which must be fewer than
     * {@link #count()}.
     */
    long nanosUntilOnly(int slots, long now) {
        return opensAt[count - 1 - slots] - now;
    }

    private void remove(int from, int to) {
        System.arraycopy(opensAt, to, opensAt, from, count - to);
        count -= to - from;
    }
}
