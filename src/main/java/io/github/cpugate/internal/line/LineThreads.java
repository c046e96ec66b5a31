package io.github.cpugate.internal.line;

import io.github.cpugate.internal.DaemonThreads;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a line. The completers complete futures, so that no dependent stage runs on a thread that closed a
 * slot or raised the limit; the timer runs tasks at a later time, such as the end of a back-off. Each thread starts
 * when it is needed, and ends after a second without work.
 *
 * <p>There is one completer for each slot, up to {@value #MAX_THREADS}, so that a dependent stage that blocks does not
 * keep other slots from being used.
 */
final class LineThreads implements Executor {

    private static final int MAX_THREADS = 64;

    private final String gate;
    private final int maxSlots;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock; made when needed, since most gates do not need them, and build() must be quick.
    private @Nullable ThreadPoolExecutor completers;
    private @Nullable ScheduledThreadPoolExecutor timer;

    LineThreads(String gate, int maxSlots) {
        this.gate = gate;
        this.maxSlots = maxSlots;
    }

    private ThreadPoolExecutor completers() {
        lock.lock();
        try {
            if (completers == null) {
                int threads = Math.max(2, Math.min(maxSlots, MAX_THREADS));
                completers = new ThreadPoolExecutor(
                        threads,
                        threads,
                        1,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        new DaemonThreads("cpugate-completer-" + gate));
                completers.allowCoreThreadTimeOut(true);
            }
            return completers;
        } finally {
            lock.unlock();
        }
    }

    private ScheduledThreadPoolExecutor timer() {
        lock.lock();
        try {
            if (timer == null) {
                timer = new ScheduledThreadPoolExecutor(1, new DaemonThreads("cpugate-timer-" + gate));
                timer.setKeepAliveTime(1, TimeUnit.SECONDS);
                timer.allowCoreThreadTimeOut(true);
                timer.setRemoveOnCancelPolicy(true);
            }
            return timer;
        } finally {
            lock.unlock();
        }
    }

    /** Runs a task on a completer; on the calling thread if there is neither a completer nor memory for one. */
    @Override
    public void execute(Runnable task) {
        try {
            completers().execute(task);
        } catch (OutOfMemoryError e) {
            if (!isLeftToOthers(task)) {
                task.run();
            }
        }
    }

    /** Queues the task if a thread is there to run it. The last thread to end leaves an empty queue behind. */
    private boolean isLeftToOthers(Runnable task) {
        try {
            ThreadPoolExecutor pool = completers();
            return pool.getQueue().add(task)
                    && (pool.getPoolSize() > 0 || !pool.getQueue().remove(task));
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    /** Runs a task once that time has passed. The task must not block. */
    Future<?> schedule(Runnable task, long nanos) {
        return timer().schedule(task, nanos, TimeUnit.NANOSECONDS);
    }
}
