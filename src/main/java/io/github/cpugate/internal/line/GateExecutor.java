package io.github.cpugate.internal.line;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps tasks in line, and hands each to another executor, the delegate, once it has a slot.
 *
 * <p>A task gives its slot back before the delegate's worker is idle, so a pool with as many threads as slots and no
 * queue may reject the next task for a moment. Therefore a rejection shortly after the end of a task is tried again.
 *
 * <p>When the gate is closed, a task in line is cancelled if that completes its owner's future. Any other task in line
 * runs without a slot, one such task after the other, since its owner would otherwise wait for ever. A task that the
 * delegate discards, or rejects after {@code execute} has returned, is cancelled if it is a Future.
 */
public final class GateExecutor implements Executor {

    /** A worker that has ended a task becomes idle within this time, even on a machine that pauses. */
    private static final long IDLE_NANOS = 5_000_000_000L;

    private static final long RETRY_NANOS = 1_000_000;
    private static final long BUSY_NANOS = 50_000_000;

    private final WaitingLine line;
    final CallScope scope;
    private final Executor delegate;
    private final Consumer<Throwable> dropped;
    private volatile long lastEnd = System.nanoTime() - IDLE_NANOS;

    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Runnable> leftOver = new ArrayDeque<>(); // guarded by lock
    private boolean runsLeftOver; // guarded by lock; the delegate has, or runs, runLeftOver()

    /** Makes an executor; {@code dropped} receives the reason when a task that was accepted will not run. */
    public GateExecutor(WaitingLine line, CallScope scope, Executor delegate, Consumer<Throwable> dropped) {
        this.line = line;
        this.scope = scope;
        this.delegate = delegate;
        this.dropped = dropped;
    }

    @Override
    public void execute(Runnable task) {
        Objects.requireNonNull(task, "task");
        LineSlot slot = new LineSlot(line);
        SlottedTask slotted = new SlottedTask(task, slot, this);
        CompletableFuture<Slot> grant = slot.enterAsync();
        if (!grant.isDone()) {
            var unused = grant.whenComplete((granted, refusal) -> {
                if (refusal == null) {
                    startOrDrop(slotted, task);
                } else {
                    refused(task, refusal);
                }
            });
        } else if (grant.isCompletedExceptionally()) {
            throw new RejectedExecutionException(
                    grant.handle((granted, refusal) -> refusal).join());
        } else {
            startOnCaller(slotted, task);
        }
    }

    void taskEnded() {
        lastEnd = System.nanoTime();
    }

    /** Hands the task to the delegate. An exception of the delegate reaches the caller, which still has the task. */
    private void startOnCaller(SlottedTask slotted, Runnable task) {
        try {
            delegate.execute(slotted);
        } catch (Throwable t) {
            if (!retry(slotted, task, t)) {
                var unused = slotted.giveUp();
                throw t;
            }
        }
    }

    /** Tries a task again if that may help; returns false if it does not. */
    private boolean retry(SlottedTask slotted, Runnable task, Throwable rejection) {
        return isRetried(slotted, rejection) && schedule(() -> startOrDrop(slotted, task), RETRY_NANOS);
    }

    private boolean schedule(Runnable attempt, long nanos) {
        try {
            line.schedule(() -> line.completer.execute(attempt), nanos);
            return true;
        } catch (Throwable t) { // no thread for the timer
            return false;
        }
    }

    private void startOrDrop(SlottedTask slotted, Runnable task) {
        try {
            delegate.execute(slotted);
        } catch (Throwable t) {
            if (retry(slotted, task, t)) {
                return;
            }
            if (slotted.giveUp()) {
                drop(task, t);
            } else { // the delegate runs tasks on this thread, and the task threw
                reportUncaught(t);
            }
        }
    }

    private boolean isRetried(SlottedTask task, Throwable rejection) {
        return isTemporary(rejection) && !task.hasBegun() && mayWorkerBecomeIdle();
    }

    /** Whether the delegate may have rejected a task only because a worker was not idle yet. */
    private boolean mayWorkerBecomeIdle() {
        return System.nanoTime() - lastEnd < IDLE_NANOS;
    }

    private boolean isTemporary(Throwable rejection) {
        return rejection instanceof RejectedExecutionException
                && !(delegate instanceof ExecutorService service && service.isShutdown());
    }

    private void refused(Runnable task, Throwable refusal) {
        if (refusal instanceof GateClosedException && !SlottedTask.isOwnersFuture(task)) {
            addLeftOver(task);
        } else {
            drop(task, refusal);
        }
    }

    /** Drops a task that the delegate has discarded, as a pool with a DiscardPolicy does. */
    void lost(Runnable task) {
        drop(task, new RejectedExecutionException("the delegate discarded the task"));
    }

    /**
     * Cancels a task that will not run, if it is a Future, and reports the reason. {@code execute} has returned, so no
     * exception can reach the task's owner.
     */
    void drop(Runnable task, Throwable reason) {
        try {
            if (task instanceof Future<?> future) {
                future.cancel(false);
            }
        } catch (Throwable t) {
            // The future's own code threw. The loss is still reported, and the remaining tasks are still dropped.
        }
        dropped.accept(reason);
    }

    private void addLeftOver(Runnable task) {
        lock.lock();
        try {
            leftOver.add(task);
            if (runsLeftOver) {
                return;
            }
            runsLeftOver = true;
        } finally {
            lock.unlock();
        }
        startLeftOver();
    }

    /**
     * As long as sessions run, they may occupy all workers of a pool that has no queue. A session that has ended is in
     * {@link #lastEnd} before it is no longer in flight.
     */
    private void startLeftOver() {
        try {
            delegate.execute(new LeftOver());
        } catch (Throwable t) {
            boolean waits = isTemporary(t) && (line.snapshot().inFlight() > 0 || mayWorkerBecomeIdle());
            if (!waits || !schedule(this::startLeftOver, BUSY_NANOS)) {
                dropLeftOver(t);
            }
        }
    }

    /** A Future, as each task that the delegate receives. */
    private final class LeftOver extends FutureTask<@Nullable Void> {

        LeftOver() {
            super(GateExecutor.this::runLeftOver, null);
        }

        @Override
        protected void done() {
            if (isCancelled()) {
                dropLeftOver(new CancellationException("cancelled before it ran"));
            }
        }
    }

    private void dropLeftOver(Throwable reason) {
        for (Runnable next = nextLeftOver(); next != null; next = nextLeftOver()) {
            drop(next, reason);
        }
    }

    private void runLeftOver() {
        for (Runnable next = nextLeftOver(); next != null; next = nextLeftOver()) {
            try {
                next.run();
            } catch (Throwable t) {
                reportUncaught(t);
            } finally {
                taskEnded();
            }
        }
    }

    private @Nullable Runnable nextLeftOver() {
        lock.lock();
        try {
            Runnable next = leftOver.poll();
            runsLeftOver = next != null;
            return next;
        } finally {
            lock.unlock();
        }
    }

    private static void reportUncaught(Throwable t) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, t);
    }
}
