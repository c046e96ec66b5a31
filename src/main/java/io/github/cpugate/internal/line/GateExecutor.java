package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Keeps tasks in line, and hands each to another executor once it has a slot. */
public final class GateExecutor implements Executor {

    private final Supplier<CompletableFuture<Slot>> slotFutures;
    private final Executor delegate;
    private final Consumer<Throwable> dropped;

    /** Reports the reason to {@code dropped} when a task that waited in line cannot be started. */
    public GateExecutor(Supplier<CompletableFuture<Slot>> slotFutures, Executor delegate, Consumer<Throwable> dropped) {
        this.slotFutures = slotFutures;
        this.delegate = delegate;
        this.dropped = dropped;
    }

    @Override
    public void execute(Runnable task) {
        Objects.requireNonNull(task, "task");
        CompletableFuture<Slot> slotFuture = slotFutures.get();
        if (slotFuture.isDone()) {
            if (slotFuture.isCompletedExceptionally()) {
                throw new RejectedExecutionException(
                        slotFuture.handle((slot, refusal) -> refusal).join());
            }
            start(new SlottedTask(task, slotFuture.join())); // what the delegate throws reaches the caller
            return;
        }
        var unused = slotFuture.whenComplete((slot, refusal) -> {
            if (refusal != null) {
                drop(task, refusal);
                return;
            }
            SlottedTask slotted = new SlottedTask(task, slot);
            try {
                start(slotted);
            } catch (Throwable t) {
                if (slotted.began) { // the delegate runs tasks on this thread, and the task threw
                    Thread thread = Thread.currentThread();
                    thread.getUncaughtExceptionHandler().uncaughtException(thread, t);
                } else {
                    drop(task, t);
                }
            }
        });
    }

    private void start(SlottedTask task) {
        try {
            delegate.execute(task);
        } catch (Throwable t) {
            task.slot.close();
            throw t;
        }
    }

    /** A task and the slot that it runs in. */
    private static final class SlottedTask implements Runnable {

        private final Runnable task;
        private final Slot slot;
        private volatile boolean began;

        SlottedTask(Runnable task, Slot slot) {
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

    /** It is too late to throw, so a task that is a Future is cancelled, and the loss is reported. */
    private void drop(Runnable task, Throwable reason) {
        if (task instanceof Future<?> future) {
            future.cancel(false);
        }
        dropped.accept(reason);
    }
}
