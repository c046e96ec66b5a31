package io.github.cpugate.internal.line;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Future;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A task and the slot that it runs in. It is a Future, so that the owner of a thread pool can cancel the tasks that
 * {@code shutdownNow} returns, which gives their slots back.
 */
final class SlottedTask extends CompletableFuture<@Nullable Void> implements RunnableFuture<@Nullable Void> {

    private final Runnable task;
    private final LineSlot slot;
    private final GateExecutor executor;
    private final AtomicBoolean begun = new AtomicBoolean(); // running, run, or given up

    SlottedTask(Runnable task, LineSlot slot, GateExecutor executor) {
        this.task = task;
        this.slot = slot;
        this.executor = executor;
        Consumer<Runnable> whenLost = executor::lost;
        slot.onCollected = () -> whenLost.accept(task); // the lambda must not refer to this object or to its slot
    }

    boolean hasBegun() {
        return begun.get();
    }

    @Override
    public void run() {
        if (!begun.compareAndSet(false, true)) {
            return;
        }
        boolean nested = true;
        try {
            slot.holder = Thread.currentThread();
            nested = executor.scope.enter();
            task.run();
        } finally {
            executor.scope.exit(nested);
            executor.taskEnded();
            slot.close();
            super.complete(null);
        }
    }

    /** Gives the slot back and cancels the task. If the task has begun, only passes the cancellation on to it. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        if (!giveUp()) {
            return task instanceof Future<?> future && future.cancel(mayInterruptIfRunning);
        }
        executor.drop(task, new CancellationException("cancelled before it ran"));
        return super.cancel(mayInterruptIfRunning);
    }

    /** Gives the slot back unless the task has begun, and returns whether it has prevented the task from running. */
    boolean giveUp() {
        boolean mine = begun.compareAndSet(false, true);
        if (mine) {
            slot.close();
        }
        return mine;
    }

    /**
     * Whether cancelling the task completes the future that its owner has. The tasks of {@code supplyAsync} and of an
     * {@link ExecutorCompletionService} are Futures, too, but not their owner's.
     */
    static boolean isOwnersFuture(Runnable task) {
        if (task instanceof SlottedTask ofAnotherGate) {
            return isOwnersFuture(ofAnotherGate.task);
        }
        return task instanceof RunnableFuture<?>
                && task.getClass().getEnclosingClass() != ExecutorCompletionService.class;
    }
}
