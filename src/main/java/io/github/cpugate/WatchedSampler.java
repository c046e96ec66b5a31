package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks a sampler on a daemon thread of its own, and waits only so long: a read that hangs (a dead network mount under
 * {@code /proc}, a driver that blocks) is a fault like any other, and the steps go on without a reading.
 *
 * <p>{@link #sample()} and {@link #end()} are called by one thread at a time, with a happens-before edge from each call
 * to the next; the semaphores make the edges to the thread and back.
 */
final class WatchedSampler {

    private final CpuSampler sampler;
    private final String threadName;
    private final long answerWithinNanos;
    private final Semaphore asked = new Semaphore(0);
    private final Semaphore answered = new Semaphore(0);

    private volatile @Nullable Thread thread;
    private boolean waiting; // for an answer to what was asked at askedAt
    private long askedAt;
    private volatile boolean ended;

    // Written before answered is released, read after it is acquired.
    private @Nullable CpuSample sample;
    private @Nullable Throwable failure;

    WatchedSampler(CpuSampler sampler, String threadName, long answerWithinNanos) {
        this.sampler = sampler;
        this.threadName = threadName;
        this.answerWithinNanos = answerWithinNanos;
    }

    /** Returns a sample, or throws what the sampler threw. Waits through interrupts, and leaves the thread so. */
    @Nullable
    CpuSample sample() throws Throwable {
        if (waiting && (answered.tryAcquire() || !isAlive(thread))) {
            waiting = false; // an answer that came too late is not one to the question of now
        }
        if (waiting) {
            throw hung();
        }
        if (ended) {
            return sampler.sample();
        }
        ask();
        if (!answeredInTime()) {
            throw hung();
        }
        waiting = false;
        if (failure != null) {
            throw failure;
        }
        return sample;
    }

    /** Ends the thread, unless it hangs: then once it does not. From now on samples are taken on the calling thread. */
    void end() {
        ended = true;
        asked.release();
    }

    /** Whether the caller is called by the sampler. On any thread. */
    boolean isAskingOnThisThread() {
        return Thread.currentThread() == thread;
    }

    private void ask() {
        if (!isAlive(thread)) {
            Thread made = new Thread(null, this::answer, threadName, 0, false);
            // It outlives the step that makes it, and is to keep nothing of whoever calls adjust().
            made.setContextClassLoader(WatchedSampler.class.getClassLoader());
            made.setDaemon(true);
            made.start();
            thread = made;
        }
        askedAt = System.nanoTime();
        waiting = true;
        asked.release();
    }

    private static boolean isAlive(@Nullable Thread thread) {
        return thread != null && thread.isAlive();
    }

    private boolean answeredInTime() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    long left = answerWithinNanos - (System.nanoTime() - askedAt);
                    return answered.tryAcquire(left, TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private TimeoutException hung() {
        double seconds = (System.nanoTime() - askedAt) / 1e9;
        TimeoutException hung =
                new TimeoutException(String.format(Locale.ROOT, "the sampler has not answered for %.1f s", seconds));
        Thread where = thread;
        if (where != null) {
            hung.setStackTrace(where.getStackTrace()); // for the log, which is to say where it hangs
        }
        return hung;
    }

    /** The thread. Nothing but {@link #end()} ends it: not what a sampler throws, nor running out of memory. */
    private void answer() {
        while (true) {
            try {
                asked.acquireUninterruptibly();
            } catch (Throwable t) {
                continue;
            }
            if (ended) {
                return;
            }
            // By the last sample or by a stranger: it would fail I/O through a channel.
            var unused = Thread.interrupted();
            sample = null;
            failure = null;
            try {
                sample = sampler.sample();
            } catch (Throwable t) {
                failure = t;
            }
            answered.release();
        }
    }
}
