package io.github.cpugate.internal.line;

import io.github.cpugate.internal.DaemonThreads;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

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

    private final ThreadPoolExecutor completers;
    private final ScheduledThreadPoolExecutor timer;

    LineThreads(String gate, int maxSlots) {
        int threads = Math.max(2, Math.min(maxSlots, MAX_THREADS));
        completers = new ThreadPoolExecutor(
                threads,
                threads,
                1,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DaemonThreads("cpugate-completer-" + gate));
        completers.allowCoreThreadTimeOut(true);
        timer = new ScheduledThreadPoolExecutor(1, new DaemonThreads("cpugate-timer-" + gate));
        timer.setKeepAliveTime(1, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Runs a task on a completer; on the calling thread if there is neither a completer nor memory for one. */
    @Override
    public void execute(Runnable task) {
        try {
            completers.execute(task);
        } catch (OutOfMemoryError e) {
            if (!isLeftToOthers(task)) {
                task.run();
            }
        }
    }

    /** Queues the task if a thread is there to run it. The last thread to end leaves an empty queue behind. */
    private boolean isLeftToOthers(Runnable task) {
        try {
            return completers.getQueue().add(task)
                    && (completers.getPoolSize() > 0 || !completers.getQueue().remove(task));
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    /** Runs a task once that time has passed. The task must not block. */
    Future<?> schedule(Runnable task, long nanos) {
        return timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }
}
