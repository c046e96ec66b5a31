package io.github.cpugate.internal.line;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on the calling thread, one after the other. A task that is submitted by a running task starts when that
 * one has ended, so that a long chain of tasks does not grow the stack.
 */
public final class Trampoline implements Executor {

    private static final ThreadLocal<@Nullable Deque<Runnable>> PENDING = new ThreadLocal<>();

    @Override
    public void execute(Runnable task) {
        Deque<Runnable> tasks = PENDING.get();
        if (tasks != null) {
            tasks.add(task);
            return;
        }
        tasks = new ArrayDeque<>();
        PENDING.set(tasks);
        Throwable failure = null;
        for (Runnable next = task; next != null; next = tasks.poll()) {
            try {
                next.run();
            } catch (Throwable t) {
                failure = t; // the remaining tasks must run all the same
            }
        }
        PENDING.remove();
        if (failure instanceof Error error) {
            throw error;
        } else if (failure instanceof RuntimeException exception) {
            throw exception;
        }
    }
}
