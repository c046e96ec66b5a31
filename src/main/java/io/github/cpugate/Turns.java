package io.github.cpugate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Steps take turns, and call other people's code: a sampler, a policy, listeners. A turn that such code holds up for
 * too long is lost: the next one begins, and does without that code until it has come back.
 *
 * <p>So code that hangs costs its own say and nothing else, and none of it is ever called by two threads at once. What
 * a turn writes, its own code and other people's, the next turn sees.
 */
final class Turns {

    private static final long PATIENCE = 5_000_000_000L;

    /** As a share of the others': no step needs a listener, and a step is not to wait for one. */
    private static final double PATIENCE_WITH_LISTENERS = 0.4;

    /** Held for a few instructions; nothing foreign is called under it. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition over = lock.newCondition();
    private long patienceNanos = PATIENCE; // set before the first turn

    // Guarded by lock. A turn is lost once another has begun before it ended; that can be only while it is in a callee.
    private @Nullable Turn current;

    private final List<Callee> callees = new ArrayList<>(); // guarded by lock

    /** One step's, on one thread. */
    static final class Turn {

        private final Thread thread = Thread.currentThread();
        private @Nullable Callee in; // guarded by lock
    }

    /** Other people's code, and the log of its faults, which is for who is in the callee that stands for the log. */
    static final class Callee {

        final FaultLog faults;
        private final String name;
        private final long patienceNanos;
        private @Nullable Thread inside; // guarded by lock
        private long since; // guarded by lock

        private Callee(String name, long patienceNanos) {
            this.name = name;
            this.patienceNanos = patienceNanos;
            this.faults = new FaultLog(name);
        }
    }

    /** Returns a callee, named as in "the CPU sampler of gate 'batch'". */
    Callee callee(String name) {
        return add(new Callee(name, patienceNanos));
    }

    /** Returns a callee of which no step needs an answer. */
    Callee listener(String name) {
        return add(new Callee(name, patienceWithListeners()));
    }

    private Callee add(Callee made) {
        takeLock();
        try {
            callees.add(made);
            return made;
        } finally {
            lock.unlock();
        }
    }

    /** Sets how long a callee may take; a listener may not so long. */
    void patience(long nanos) {
        patienceNanos = nanos;
    }

    long patience() {
        return patienceNanos;
    }

    long patienceWithListeners() {
        return (long) (PATIENCE_WITH_LISTENERS * patienceNanos);
    }

    /**
     * Waits until no other turn is current, or the one that is, is held up. Waits through interrupts, and leaves the
     * thread so. Whatever comes of it, even an error, {@link #end} is due.
     */
    void begin(Turn mine) {
        boolean interrupted = false;
        takeLock();
        try {
            while (current != null && untilHeldUp(current.in) > 0) {
                try {
                    var unused = over.awaitNanos(untilHeldUp(current.in));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            current = mine;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends the turn, unless it was lost or never began. */
    void end(Turn turn) {
        takeLock();
        try {
            if (current == turn) {
                current = null;
                over.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** What came of a call: a value, or else a failure. */
    record Result<T>(@Nullable T value, @Nullable Throwable failure) {}

    /**
     * Calls other people's code, unless a former turn has not come back from it, which is a failure too. Returns null
     * if the turn was lost meanwhile: whoever made it is to leave everything as it is.
     */
    <T> @Nullable Result<T> call(Turn turn, Callee callee, Callable<T> code) {
        TimeoutException hung = enter(turn, callee);
        if (hung != null) {
            return new Result<>(null, hung);
        }
        T value = null;
        Throwable failure = null;
        try {
            value = code.call();
        } catch (Throwable t) {
            failure = t;
        }
        return leave(turn, callee) ? new Result<>(value, failure) : null;
    }

    private @Nullable TimeoutException enter(Turn turn, Callee callee) {
        Thread inside;
        long since;
        takeLock();
        try {
            inside = callee.inside;
            since = callee.since;
            if (inside == null) {
                callee.inside = turn.thread;
                callee.since = System.nanoTime();
                turn.in = callee;
                return null;
            }
        } finally {
            lock.unlock();
        }
        double seconds = (System.nanoTime() - since) / 1e9;
        TimeoutException hung = new TimeoutException(
                String.format(Locale.ROOT, "%s has not returned for %.1f s", callee.name, seconds));
        hung.setStackTrace(inside.getStackTrace()); // for the log, which is to say where it hangs
        return hung;
    }

    /** Returns whether the turn is not lost. */
    private boolean leave(Turn turn, Callee callee) {
        takeLock();
        try {
            callee.inside = null;
            turn.in = null;
            return current == turn;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the thread makes a step, be its turn lost or not. */
    boolean isStepping(Thread thread) {
        takeLock();
        try {
            return (current != null && current.thread == thread) || calledBy(thread) != null;
        } finally {
            lock.unlock();
        }
    }

    /** Whether other people's code holds the thread up, be its turn lost or not. */
    boolean isHeldUp(Thread thread) {
        takeLock();
        try {
            return untilHeldUp(calledBy(thread)) <= 0;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Callee calledBy(Thread thread) {
        for (Callee each : callees) {
            if (each.inside == thread) {
                return each;
            }
        }
        return null;
    }

    /** Nanoseconds until whoever is in that callee, or in none, counts as held up, at the earliest. */
    private long untilHeldUp(@Nullable Callee in) {
        return in == null ? patienceWithListeners() : in.patienceNanos - (System.nanoTime() - in.since);
    }

    /**
     * Takes the lock, whatever comes. To wait for it takes a little memory, of which there may be none for a while; to
     * do without would leave a turn that never ends.
     */
    private void takeLock() {
        while (true) {
            try {
                lock.lock();
                return;
            } catch (OutOfMemoryError e) {
                Thread.onSpinWait();
            }
        }
    }
}
