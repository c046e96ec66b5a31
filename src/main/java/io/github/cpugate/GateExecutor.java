package io.github.cpugate;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

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
        if (turn.isCompletedExceptionally()) {
            throw new RejectedExecutionException(
                    turn.handle((slot, refusal) -> refusal).join());
        }
        if (turn.isDone()) {
            start(task, turn.join()); // what the delegate throws is the caller's
            return;
        }
        var unused = turn.whenComplete((slot, refusal) -> {
            if (refusal != null) {
                drop(task, refusal);
                return;
            }
            try {
                start(task, slot);
            } catch (Throwable t) {
                drop(task, t);
            }
        });
    }

    private void start(Runnable task, Slot slot) {
        try {
            delegate.execute(() -> {
                try (slot) {
                    task.run();
                }
            });
        } catch (Throwable t) {
            slot.close();
            throw t;
        }
    }

    /** The caller has gone: all that is left is to cancel what can be cancelled, and to say it. */
    private void drop(Runnable task, Throwable reason) {
        if (task instanceof Future<?> future) {
            future.cancel(false);
        }
        if (lossSaid.compareAndSet(false, true)) {
            LoggerFactory.getLogger(StepLog.LOGGER)
                    .error(
                            "a task in line was given up, since it could not be started: {} (said once)",
                            reason,
                            reason);
        }
    }
}
