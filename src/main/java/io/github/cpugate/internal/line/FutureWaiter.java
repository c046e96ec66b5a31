package io.github.cpugate.internal.line;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.GateFullException;
import io.github.cpugate.Slot;
import io.github.cpugate.Wait;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A caller in line that does not block: it holds a future. If other code completes that future (by cancellation,
 * {@code orTimeout} or a value of its own), the waiter first leaves the line, and gives the slot back if it was granted
 * meanwhile.
 */
final class FutureWaiter extends Waiter implements Runnable {

    /**
     * The classes that the end of a wait needs, loaded when the first wait begins: a future must also complete if the
     * application that contains this library, and with it the class loader, is closed right after the gate.
     */
    @SuppressWarnings("unused")
    private static final List<Class<?>> NEEDED_AT_THE_END = List.of(Wait.Outcome.class, GateClosedException.class);

    private final SlotFuture future = new SlotFuture();
    private final WaitingLine line;
    private final @Nullable Wait wait;

    /** Set by the one thread that may complete the future. */
    private final AtomicBoolean completing = new AtomicBoolean();

    private volatile @Nullable Future<?> backOffTimer;

    private FutureWaiter(LineSlot slot, WaitingLine line, @Nullable Wait wait) {
        super(slot);
        this.line = line;
        this.wait = wait;
    }

    /**
     * Takes its waiter out of the line before it completes: code that sees it complete finds the slot free, or paused.
     */
    private final class SlotFuture extends CompletableFuture<Slot> {

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

        void failClosed() {
            super.completeExceptionally(closedException(line.gate));
        }
    }

    /** Waits in line without blocking; the line's completer completes the future. */
    static CompletableFuture<Slot> enter(WaitingLine line, LineSlot slot) {
        try {
            return line.admitOrEnqueue(slot, null, true)
                    ? CompletableFuture.completedFuture(slot)
                    : enqueue(line, slot);
        } catch (GateClosedException | GateFullException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static CompletableFuture<Slot> enqueue(WaitingLine line, LineSlot slot) {
        FutureWaiter waiter = new FutureWaiter(slot, line, line.waitBegan());
        try {
            if (!line.admitOrEnqueue(slot, waiter, true)) {
                return waiter.future;
            }
        } catch (Throwable t) {
            waiter.ended(t instanceof GateClosedException ? Wait.Outcome.CLOSED : Wait.Outcome.CANCELLED);
            throw t;
        }
        waiter.ended(Wait.Outcome.ADMITTED);
        return CompletableFuture.completedFuture(slot);
    }

    /** Backs off if the service asked for it, and waits in line again. */
    static CompletableFuture<Slot> resume(WaitingLine line, LineSlot slot) {
        FutureWaiter waiter = new FutureWaiter(slot, line, null);
        slot.holder = null;
        try {
            if (line.resume(waiter)) {
                return CompletableFuture.completedFuture(slot);
            }
        } catch (IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
        if (waiter.state == State.BACKING_OFF) {
            waiter.backOff();
        }
        return waiter.future;
    }

    private void backOff() {
        try {
            Future<?> timer = line.threads.schedule(this::backOffEnded, backOffNanos);
            backOffTimer = timer;
            if (isDecided()) {
                timer.cancel(false);
            }
        } catch (Throwable t) { // no thread for the timer
            future.completeExceptionally(t);
        }
    }

    private void backOffEnded() {
        try {
            line.backOffEnded(this);
        } catch (Throwable t) { // out of memory
            future.completeExceptionally(t);
        }
    }

    /** Leaves the line, and returns whether the calling thread may complete the future; its slot is then not held. */
    private boolean withdraw(Wait.Outcome outcome) {
        var unused = line.giveUp(this, outcome == Wait.Outcome.TIMED_OUT);
        if (!completing.compareAndSet(false, true)) {
            return false; // another thread has completed the future, or is about to
        }
        if (state == State.GRANTED) {
            line.abandon(slot);
        }
        ended(outcome);
        return true;
    }

    private void ended(Wait.Outcome outcome) {
        Future<?> timer = backOffTimer;
        if (timer != null) {
            timer.cancel(false);
        }
        if (wait != null) {
            wait.ended(outcome);
        }
    }

    @Override
    void wake() {
        line.completer.execute(this); // if that runs it twice, the second run does nothing
    }

    /** Completes the future with the outcome. */
    @Override
    public void run() {
        if (!completing.compareAndSet(false, true)) {
            return;
        }
        if (state != State.GRANTED) {
            ended(Wait.Outcome.CLOSED);
            future.failClosed();
            return;
        }
        ended(Wait.Outcome.ADMITTED);
        if (!future.grant()) { // completed by a method that SlotFuture does not override, such as completeAsync
            line.abandon(slot);
        }
    }
}
