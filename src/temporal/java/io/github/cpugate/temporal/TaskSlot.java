package io.github.cpugate.temporal;

import io.github.cpugate.Slot;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** The slot of a poll, and then of the task that the poll brings, until the worker releases it. */
final class TaskSlot {

    /** How long a poll may find nothing until its slot is paused. A queue that has tasks answers within this time. */
    static final long GRACE_MILLIS = 200;

    private static final Executor LATER =
            CompletableFuture.delayedExecutor(GRACE_MILLIS, TimeUnit.MILLISECONDS, Runnable::run);

    private final Slot slot;
    private final Runnable pollEnded;

    // The lock ensures that no slot is paused once its task has come. pause(), which is called under it, does not
    // block; on a manual gate it may complete the reservation of another poll, which has a lock of its own.
    private final ReentrantLock lock = new ReentrantLock();
    private boolean polling = true; // guarded by lock

    /** @param pollEnded called, once or twice, when the poll has its task, or has ended without one */
    TaskSlot(Slot slot, Runnable pollEnded) {
        this.slot = slot;
        this.pollEnded = pollEnded;
    }

    Slot slot() {
        return slot;
    }

    /** Pauses the slot after a while, if no task has come by then. */
    void pauseIfNoTaskComes() {
        LATER.execute(this::pauseIfPolling);
    }

    void pauseIfPolling() {
        lock.lock();
        try {
            if (polling) {
                slot.pause();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The task has come, and runs from now on. */
    void use() {
        endPoll();
        slot.resumeNow(); // cannot fail: only the worker knew the slot until now, and has not released it
        pollEnded.run();
    }

    /** The task has ended, or none has come. */
    void release() {
        endPoll();
        slot.close();
        pollEnded.run();
    }

    private void endPoll() {
        lock.lock();
        try {
            polling = false;
        } finally {
            lock.unlock();
        }
    }
}
