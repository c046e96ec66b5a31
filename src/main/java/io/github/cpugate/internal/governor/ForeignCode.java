package io.github.cpugate.internal.governor;

import java.util.Locale;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Foreign code that a gate calls on one thread at a time, a sampler, a policy or a listener, with the log of its
 * faults.
 */
final class ForeignCode extends FaultLog {

    // The calling thread writes 'since' first, and then 'thread'. Threads that look for a hang read both.
    private volatile long since;
    private volatile @Nullable Thread thread; // null: no call is under way

    ForeignCode(String name, GateLog log) {
        super(name, log);
    }

    /** Marks the beginning of a call by the current thread. */
    void enter() {
        since = System.nanoTime();
        thread = Thread.currentThread();
    }

    /** Marks the end of the call. */
    void exit() {
        thread = null;
    }

    /** The thread in the call; null if none is. */
    @Nullable
    Thread thread() {
        return thread;
    }

    /** Nanoseconds until the call under way counts as hanging; {@code patienceNanos} if none is under way. */
    long nanosToHang(long patienceNanos) {
        return thread == null ? patienceNanos : patienceNanos - (System.nanoTime() - since);
    }

    boolean isHanging(Thread inside, long patienceNanos) {
        return thread == inside && nanosToHang(patienceNanos) <= 0;
    }

    /** An exception for a call that hangs, with its stack; null if no call hangs. */
    @Nullable
    TimeoutException hang(long patienceNanos) {
        Thread inside = thread;
        long began = since;
        long nanos = System.nanoTime() - began;
        if (inside == null || nanos < patienceNanos) {
            return null;
        }
        TimeoutException hang =
                new TimeoutException(String.format(Locale.ROOT, "%s has not returned for %.1f s", name(), nanos / 1e9));
        hang.setStackTrace(inside.getStackTrace());
        return thread == inside && since == began ? hang : null; // else it has returned, and the stack is of other code
    }
}
