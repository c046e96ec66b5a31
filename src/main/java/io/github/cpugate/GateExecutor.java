package io.github.cpugate;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Keeps tasks in line, and gives each to another executor when it is its turn. */
final class GateExecutor implements Executor {

    private final Supplier<CompletableFuture<Slot>> turns;
    private final Executor delegate;
    private final AtomicBoolean lossSaid = new AtomicBoolean();

    GateExecutor(Supplier<CompletableFuture<Slot>> turns, Executor delegate) {
        this.turns = turns;
        this.delegate = delegate;
    }

    @Override
    public void execute(Runnable task) {
        Objects.requireNonNull(task, "task");
        CompletableFuture<Slot> turn = turns.get();
        if (turn.isDone()) {
            if (turn.isCompletedExceptionally()) {
                throw new RejectedExecutionException(
                        turn.handle((slot, refusal) -> refusal).join());
            }
            start(new Session(task, turn.join())); // what the delegate throws is the caller's
            return;
        }
        var unused = turn.whenComplete((slot, refusal) -> {
            if (refusal != null) {
                drop(task, refusal);
                return;
            }
            Session session = new Session(task, slot);
            try {
                start(session);
            } catch (Throwable t) {
                if (session.began) { // the delegate runs tasks on this thread, and the task threw
                    Thread thread = Thread.currentThread();
                    thread.getUncaughtExceptionHandler().uncaughtException(thread, t);
                } else {
                    drop(task, t);
                }
            }
        });
    }

    private void start(Session session) {
        try {
            delegate.execute(session);
        } catch (Throwable t) {
            session.slot.close();
            throw t;
        }
    }

    /** A task in its slot. */
    private static final class Session implements Runnable {

        private final Runnable task;
        private final Slot slot;
        private volatile boolean began;

        Session(Runnable task, Slot slot) {
            this.task = task;
            this.slot = slot;
        }

        @Override
        public void run() {
            began = true;
            try (slot) {
                task.run();
            }
        }
    }

    /** The caller has gone: all that is left is to cancel what can be cancelled, and to say it. */
    private void drop(Runnable task, Throwable reason) {
        if (task instanceof Future<?> future) {
            future.cancel(false);
        }
        if (lossSaid.compareAndSet(false, true)) {
            StepLog.logger()
                    .error(
                            "a task in line was given up, since it could not be started: {} (said once)",
                            reason,
                            reason);
        }
    }
}
