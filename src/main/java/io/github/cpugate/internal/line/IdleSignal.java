package io.github.cpugate.internal.line;

import java.util.concurrent.locks.Condition;

/** Wakes threads that wait for a moment at which no slot is held. Guarded by the line's lock. */
final class IdleSignal {

    private final Condition idle;

    /** Counts the signals, so that a thread that wakes late still sees that there was such a moment. */
    private long moments;

    IdleSignal(Condition idle) {
        this.idle = idle;
    }

    void signal() {
        moments++;
        idle.signalAll();
    }

    /** Waits for the next signal, for up to {@code nanos}; returns whether it came. */
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
