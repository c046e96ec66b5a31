package io.github.cpugate;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on the calling thread, one after the other: a task handed over by a task waits for that one's end, so that
 * a long chain of them does not grow the stack.
 */
final class CallingThread implements Executor {

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
                failure = t; // the others are no less due
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
