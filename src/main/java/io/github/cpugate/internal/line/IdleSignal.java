package io.github.cpugate.internal.line;

import java.util.concurrent.locks.Condition;

/** Signals each moment at which the last held slot is given back. Guarded by the line's lock. */
final class IdleSignal {

    private final Condition idle;

    /** The number of such moments so far, so that a thread that wakes late still sees that there was one. */
    private long moments;

    IdleSignal(Condition idle) {
        this.idle = idle;
    }

    void signal() {
        moments++;
        idle.signalAll();
    }

    /** Waits for the next such moment, for up to {@code nanos}; returns whether it came. */
    boolean await(long nanos) throws InterruptedException {
        long before = moments;
        long left = nanos;
        while (moments == before) {
            if (left <= 0) {
                return false;
            }
            left = idle.awaitNanos(left);
        }
        return true;
    }
}
