package io.github.cpugate.internal.governor;

import io.github.cpugate.internal.DaemonThreads;
import java.util.concurrent.locks.LockSupport;

/**
 * A daemon thread that works at once and then again and again, until it is ended. The pause runs from the end of one
 * run to the beginning of the next: at a fixed rate, runs that were missed during a stall, such as a laptop's sleep,
 * would follow in a burst. No exception ends the thread; an interrupt neither ends it nor shortens a pause.
 */
abstract class RepeatingThread implements Runnable {

    private final Thread thread;
    private volatile boolean ended;

    RepeatingThread(String name) {
        thread = DaemonThreads.make(name, this);
    }

    final Thread thread() {
        return thread;
    }

    final void start() {
        thread.start();
    }

    abstract void work();

    abstract long pauseNanos();

    /** Ends the thread without waiting for work under way, which ends in its own time. */
    void end() {
        ended = true;
        LockSupport.unpark(thread);
    }

    final boolean isEnded() {
        return ended;
    }

    @Override
    public void run() {
        while (!ended) {
            try {
                work();
            } catch (Throwable t) {
                // The work reports its own faults. What is left is a lack of memory to report them with.
            }
            pause();
        }
    }

    private void pause() {
        long deadline = System.nanoTime() + pauseNanos();
        while (!ended && deadline - System.nanoTime() > 0) {
            LockSupport.parkNanos(this, deadline - System.nanoTime());
            var unused = Thread.interrupted(); // an interrupted thread would not park again
        }
    }
}
