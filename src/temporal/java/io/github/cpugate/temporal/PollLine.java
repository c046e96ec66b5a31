package io.github.cpugate.temporal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The polls of one task queue. A few at a time have a slot of the gate or wait for one; the others wait here, first
 * come, first served.
 */
final class PollLine {

    private static final Logger LOG = LoggerFactory.getLogger(GateSlotSupplier.class);

    private final String taskQueue;
    private final AtomicBoolean warned = new AtomicBoolean();
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock. waiting is empty, or free is 0.
    private final Deque<Reservation> waiting = new ArrayDeque<>();
    private int free;

    PollLine(String taskQueue, int polls) {
        this.taskQueue = taskQueue;
        this.free = polls;
    }

    /** Adds a poll, and lets it go to the gate as soon as it is its turn. */
    void add(Reservation reservation) {
        lock.lock();
        try {
            if (free == 0) {
                waiting.add(reservation);
                return;
            }
            free--;
        } finally {
            lock.unlock();
        }
        reservation.goToGate();
    }

    /** Takes out a poll that waits here; returns whether it did. */
    boolean remove(Reservation reservation) {
        lock.lock();
        try {
            return waiting.remove(reservation);
        } finally {
            lock.unlock();
        }
    }

    /** A poll has its task, or has ended without one: the next may go to the gate. */
    void next() {
        Reservation next = takeNext();
        if (next != null) {
            next.goToGate();
        }
    }

    /** Logs that no poll will get a slot any more, once. */
    void warnOfClosedGate(@Nullable String message) {
        if (warned.compareAndSet(false, true)) {
            LOG.warn("Workers of task queue {} take no more tasks: {}", taskQueue, message);
        }
    }

    private @Nullable Reservation takeNext() {
        lock.lock();
        try {
            Reservation next = waiting.poll();
            free += next == null ? 1 : 0;
            return next;
        } finally {
            lock.unlock();
        }
    }
}
