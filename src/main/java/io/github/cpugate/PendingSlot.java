package io.github.cpugate;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A caller in line that does not block. However its future is completed by others (cancelled, timed out by
 * {@code orTimeout}, given another value), it leaves the line; if the slot was granted meanwhile, it is given back.
 */
final class PendingSlot extends Waiter implements Runnable {

    private final CompletableFuture<Slot> future = new CompletableFuture<>();
    private final WaitingLine line;
    private final @Nullable Executor completer;
    private final @Nullable Wait wait;
    private final AtomicBoolean told = new AtomicBoolean();

    private PendingSlot(Slot slot, WaitingLine line, @Nullable Executor completer) {
        super(slot);
        this.line = line;
        this.completer = completer;
        this.wait = line.waitBegan();
        var unused = future.whenComplete((granted, failure) -> {
            boolean gaveUp = line.giveUp(this, failure instanceof TimeoutException);
            ended(failure == null && !gaveUp ? Wait.Outcome.ADMITTED : whyNot(failure));
        });
    }

    private static Wait.Outcome whyNot(@Nullable Throwable failure) {
        if (failure instanceof GateClosedException) {
            return Wait.Outcome.CLOSED;
        }
        return failure instanceof TimeoutException ? Wait.Outcome.TIMED_OUT : Wait.Outcome.CANCELLED;
    }

    private void ended(Wait.Outcome outcome) {
        if (wait != null) {
            wait.ended(outcome);
        }
    }

    /**
     * Lines up, and returns a future that {@code completer}, or else CompletableFuture's default executor, completes.
     */
    static CompletableFuture<Slot> lineUp(WaitingLine line, Slot slot, @Nullable Executor completer) {
        PendingSlot caller = new PendingSlot(slot, line, completer);
        try {
            if (!line.admitOrLineUp(slot, caller)) {
                return caller.future;
            }
        } catch (Throwable t) {
            caller.ended(whyNot(t));
            throw t;
        }
        caller.ended(Wait.Outcome.ADMITTED);
        return CompletableFuture.completedFuture(slot);
    }

    @Override
    void wake() {
        try {
            (completer == null ? future.defaultExecutor() : completer).execute(this);
        } catch (Throwable t) {
            // No memory, no thread: here is better than never. If it ran, and then threw, this does nothing.
            try {
                run();
            } catch (Throwable again) {
                // The others that leave the line with this one are due no less.
            }
        }
    }

    @Override
    public void run() {
        if (!told.compareAndSet(false, true)) {
            return;
        }
        if (state == State.REFUSED) {
            future.completeExceptionally(line.closedException());
        } else if (!future.complete(slot)) {
            giveBack();
        }
    }

    /** What it is, was set before it lined up, and stays until its future is complete. */
    private void giveBack() {
        if (slot.resuming) {
            line.pause(slot);
        } else {
            slot.close();
        }
    }
}
