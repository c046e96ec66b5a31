package io.github.cpugate;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** A thread that makes one call, and keeps what came of it. */
final class Caller<T> {

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

    static <T> Caller<T> start(Callable<T> call) {
        Caller<T> caller = new Caller<>(call);
        caller.thread.start();
        return caller;
    }

    /** Starts a call that has to stand in line, and returns once it does. */
    static <T> Caller<T> startInLine(WaitingLine line, Callable<T> call) {
        int before = line.report().waiting();
        Caller<T> caller = start(call);
        Await.until("one more in line", () -> line.report().waiting() == before + 1);
        Await.parked(caller.thread);
        return caller;
    }

    Thread thread() {
        return thread;
    }

    @Nullable
    T result() {
        join();
        if (failure != null) {
            throw new AssertionError("the call failed", failure);
        }
        return result;
    }

    @Nullable
    Throwable failure() {
        join();
        return failure;
    }

    boolean interruptedAfter() {
        join();
        return interruptedAfter;
    }

    boolean isDone() {
        return !thread.isAlive();
    }

    private void join() {
        Await.until(thread + " has ended", this::isDone);
    }
}
