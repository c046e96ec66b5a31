package io.github.cpugate.testing;

import io.github.cpugate.internal.line.WaitingLine;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Makes one call on a thread of its own, and keeps its result or its exception. */
public final class Caller<T> {

    private final Thread thread;
    private volatile @Nullable T result;
    private volatile @Nullable Throwable failure;
    private volatile boolean interruptedAfter;

    private Caller(Callable<T> call) {
        thread = new Thread(() -> {
            try {
                result = call.call();
            } catch (Throwable t) {
                failure = t;
            }
            interruptedAfter = Thread.currentThread().isInterrupted();
        });
        thread.setDaemon(true);
    }

    public static <T> Caller<T> start(Callable<T> call) {
        Caller<T> caller = new Caller<>(call);
        caller.thread.start();
        return caller;
    }

    /** Starts a call that has to wait in line, and returns when it waits. */
    public static <T> Caller<T> startInLine(WaitingLine line, Callable<T> call) {
        int before = line.snapshot().waiting();
        Caller<T> caller = start(call);
        Await.until("one more caller is in line", () -> line.snapshot().waiting() == before + 1);
        Await.parked(caller.thread);
        return caller;
    }

    public Thread thread() {
        return thread;
    }

    public @Nullable T result() {
        join();
        if (failure != null) {
            throw new AssertionError("the call failed", failure);
        }
        return result;
    }

    public @Nullable Throwable failure() {
        join();
        return failure;
    }

    public boolean interruptedAfter() {
        join();
        return interruptedAfter;
    }

    public boolean isDone() {
        return !thread.isAlive();
    }

    private void join() {
        Await.until(thread + " has ended", this::isDone);
    }
}
