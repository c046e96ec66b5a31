package io.github.cpugate;

import java.lang.ref.WeakReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread that makes a governor's steps: one at once and then one each period.
 *
 * <p>A second thread watches it. If other people's code does not come back, the watch starts another thread in its
 * place, which makes the steps without that code; the first ends when it is back. The watch wakes once in ten seconds,
 * in two if there are listeners, which is cheaper than to hand each step, or each reading, from thread to thread.
 */
final class GovernorThread implements Runnable {

    private final Governor governor;
    private final long periodNanos;

    /** The gate. Once it is garbage, and nobody holds a slot or waits for one, the threads end by themselves. */
    private final WeakReference<?> owner;

    private volatile boolean stopped;
    private volatile @Nullable Thread thread; // the one that makes steps, to be replaced by the watch only
    private volatile @Nullable Thread watch; // started by the first of them
    private volatile @Nullable FaultLog faults; // of whole steps

    GovernorThread(Governor governor, long periodNanos, Object owner) {
        this.governor = governor;
        this.periodNanos = periodNanos;
        this.owner = new WeakReference<>(owner);
    }

    void start() {
        Thread made = daemon("cpugate-governor-", this);
        thread = made;
        made.start();
    }

    /** Ends the threads. Waits for nothing: a step under way ends in its own time, even if its reading hangs. */
    void stop() {
        stopped = true;
        LockSupport.unpark(thread);
        LockSupport.unpark(watch);
    }

    private Thread daemon(String name, Runnable work) {
        Thread made = new Thread(null, work, name + governor.gate(), 0, false);
        // It outlives the thread that builds the gate, and is to keep nothing of it.
        made.setContextClassLoader(GovernorThread.class.getClassLoader());
        made.setDaemon(true);
        return made;
    }

    /**
     * The loop. Nothing else ends it than {@link #stop()}, desertion and replacement: not even running out of memory.
     *
     * <p>The period runs from the end of one step to the beginning of the next. At a fixed rate, the steps missed
     * during a stall (a listener that blocked, a laptop asleep) would be made up for in a burst, and move the limit by
     * as many slots on the evidence of a moment.
     */
    @Override
    public void run() {
        Thread self = Thread.currentThread();
        while (thread == self && !stopped) {
            stepOrEnd();
            if (thread == self) {
                sleep(periodNanos);
            }
        }
        if (thread == self) {
            governor.tellOfClose();
        }
    }

    /** Apart from the loop, of which the JVM compiles only what it enters often. */
    private void stepOrEnd() {
        Throwable failure = null;
        try {
            if (isDeserted()) {
                stop();
                sayDeserted();
                return;
            }
            keepWatched();
            var unused = governor.stepUnlessLost();
        } catch (Throwable t) {
            failure = t;
        }
        say(failure);
    }

    /** Says that the last step failed, or that it did not, if that is news. */
    private void say(@Nullable Throwable failure) {
        try {
            FaultLog log = faults;
            if (log == null) {
                log = new FaultLog("the governor of gate '" + governor.gate() + "'");
                faults = log;
            }
            governor.say(log, failure);
        } catch (Throwable t) {
            // No memory to say it with.
        }
    }

    private void keepWatched() {
        Thread watching = watch;
        if (watching == null || !watching.isAlive()) {
            try {
                Thread made = daemon("cpugate-watch-", this::watch);
                watch = made;
                made.start();
            } catch (Throwable t) {
                // No memory for a thread: tried again before the next step.
            }
        }
    }

    /**
     * Looks rarely, since to wake is what it costs: so a reading holds a turn up for three times the patience at most,
     * a listener for twice.
     */
    private void watch() {
        Turns turns = governor.turns();
        while (!stopped) {
            sleep(governor.hasListeners() ? turns.patienceWithListeners() : 2 * turns.patience());
            Thread watched = thread;
            if (!stopped && watched != null && (!watched.isAlive() || turns.isHeldUp(watched))) {
                try {
                    start();
                } catch (Throwable t) {
                    // No memory for a thread: what is not alive is replaced at the next look.
                }
            }
        }
    }

    /** Not less, whoever interrupts; no longer, once stopped. */
    private void sleep(long nanos) {
        long deadline = System.nanoTime() + nanos;
        while (!stopped) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return;
            }
            LockSupport.parkNanos(this, left);
            var unused = Thread.interrupted(); // it would not park again
        }
    }

    private boolean isDeserted() {
        if (owner.get() != null) {
            return false;
        }
        LineReport left = governor.line().report();
        return left.inFlight() == 0 && left.waiting() == 0;
    }

    private void sayDeserted() {
        try {
            StepLog.logger().warn("gate '{}' was dropped without close(); its governor ends", governor.gate());
        } catch (Throwable t) {
            // It ends all the same.
        }
    }
}
