package io.github.cpugate.internal.line;

import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Runs what completes futures on an executor, which may be foreign, and on the line's own threads if that refuses it.
 * If the executor runs tasks on the calling thread, as {@code Runnable::run} does, each stage that closes a slot would
 * complete the next future within itself; so a long chain continues on the line's own threads before the stack is full.
 */
final class Completer implements Executor {

    private static final int MAX_DEPTH = 50;

    private static final ThreadLocal<@Nullable Integer> DEPTH = new ThreadLocal<>();

    private final Executor executor;
    private final Executor threads;

    Completer(Executor executor, LineThreads threads) {
        this.executor = executor;
        this.threads = threads;
    }

    /** Throws nothing. A task may run twice if the executor both runs it and throws. */
    @Override
    public void execute(Runnable task) {
        Integer outer = null;
        try {
            outer = DEPTH.get();
            int depth = outer == null ? 1 : outer + 1;
            DEPTH.set(depth);
            (depth <= MAX_DEPTH ? executor : threads).execute(task);
        } catch (Throwable t) {
            executeOnThreads(task);
        } finally {
            if (outer == null) {
                DEPTH.remove();
            } else {
                DEPTH.set(outer);
            }
        }
    }

    private void executeOnThreads(Runnable task) {
        try {
            threads.execute(task);
        } catch (Throwable t) {
            // There is no other thread to try. What the caller has left to do must still be done.
        }
    }
}
