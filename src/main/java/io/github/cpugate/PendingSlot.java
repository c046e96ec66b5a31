package io.github.cpugate;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A caller in line that does not block. However its future is completed by others (cancelled, timed out by
 * {@code orTimeout}, given another value), it leaves the line before; if the slot was granted meanwhile, it is given
 * back.
 */
final class PendingSlot extends Waiter implements Runnable {

    private final Turn future = new Turn();
    private final WaitingLine line;
    private final @Nullable Wait wait;

    /** Whether it is settled who completes the future: the first to set it. */
    private final AtomicBoolean told = new AtomicBoolean();

    private volatile @Nullable CompletableFuture<@Nullable Void> rest;

    private PendingSlot(Slot slot, WaitingLine line, @Nullable Wait wait) {
        super(slot);
        this.line = line;
        this.wait = wait;
    }

    /** Out of the line first: whoever sees that it is complete, finds the slot free, or paused as before. */
    private final class Turn extends CompletableFuture<Slot> {

        @Override
        public boolean complete(Slot value) {
            return withdraw(Wait.Outcome.CANCELLED) && super.complete(value);
        }

        @Override
        public boolean completeExceptionally(Throwable failure) {
            Objects.requireNonNull(failure);
            return withdraw(failure instanceof TimeoutException ? Wait.Outcome.TIMED_OUT : Wait.Outcome.CANCELLED)
                    && super.completeExceptionally(failure);
        }

        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
            return withdraw(Wait.Outcome.CANCELLED) ? super.cancel(mayInterruptIfRunning) : isCancelled();
        }

        boolean grant() {
            return super.complete(slot);
        }

        void refuse() {
            super.completeExceptionally(line.refusal(PendingSlot.this));
        }
    }

    /** Returns a future that the line's completer, or else CompletableFuture's default executor, completes. */
    static CompletableFuture<Slot> enter(WaitingLine line, Slot slot) {
        try {
            return line.tryEnter(slot) ? CompletableFuture.completedFuture(slot) : lineUp(line, slot);
        } catch (GateClosedException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static CompletableFuture<Slot> lineUp(WaitingLine line, Slot slot) {
        PendingSlot caller = new PendingSlot(slot, line, line.waitBegan());
        try {
            if (!line.admitOrLineUp(slot, caller)) {
                return caller.future;
            }
        } catch (Throwable t) {
            caller.ended(t instanceof GateClosedException ? Wait.Outcome.CLOSED : Wait.Outcome.CANCELLED);
            throw t;
        }
        caller.ended(Wait.Outcome.ADMITTED);
        return CompletableFuture.completedFuture(slot);
    }

    /** Rests if it has to, and lines up again. */
    static CompletableFuture<Slot> resume(WaitingLine line, Slot slot) {
        PendingSlot caller = new PendingSlot(slot, line, null);
        try {
            if (line.resume(caller)) {
                return CompletableFuture.completedFuture(slot);
            }
        } catch (IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
        if (caller.state == State.AT_REST) {
            caller.rest();
        }
        return caller.future;
    }

    private void rest() {
        try {
            CompletableFuture<@Nullable Void> timer = new CompletableFuture<>();
            rest = timer;
            timer.completeOnTimeout(null, restNanos, TimeUnit.NANOSECONDS);
            var unused = timer.thenRunAsync(this::rested);
            if (isDecided()) {
                timer.cancel(false);
            }
        } catch (Throwable t) { // no thread for the timer
            future.completeExceptionally(t);
        }
    }

    private void rested() {
        try {
            line.rested(this);
        } catch (Throwable t) { // no memory
            future.completeExceptionally(t);
        }
    }

    /** Returns whether others may complete the future: it is out of the line then, and its slot not held. */
    private boolean withdraw(Wait.Outcome outcome) {
        var unused = line.giveUp(this, outcome == Wait.Outcome.TIMED_OUT);
        if (!told.compareAndSet(false, true)) {
            return false; // complete, or about to be
        }
        if (state == State.GRANTED) {
            line.pause(slot);
        }
        ended(outcome);
        return true;
    }

    private void ended(Wait.Outcome outcome) {
        CompletableFuture<?> timer = rest;
        if (timer != null) {
            timer.cancel(false);
        }
        if (wait != null) {
            wait.ended(outcome);
        }
    }

    @Override
    void wake() {
        try {
            Executor completer = line.completer;
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
        if (state != State.GRANTED) {
            ended(Wait.Outcome.CLOSED);
            future.refuse();
            return;
        }
        ended(Wait.Outcome.ADMITTED);
        if (!future.grant()) { // completed by a way around all this: completeAsync
            line.pause(slot);
        }
    }
}
