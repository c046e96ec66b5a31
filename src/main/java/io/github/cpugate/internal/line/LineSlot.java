package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A slot of a {@link WaitingLine}. */
public final class LineSlot implements Slot {

    private final WaitingLine line;

    /** Where the slot was taken; null unless the gate was built with {@code leakWarning}. */
    final SlotSet.@Nullable Origin origin;

    /** Runs on the line's completer if the held slot is garbage-collected; if null, such a slot counts as a leak. */
    @Nullable
    Runnable onCollected;

    /**
     * The thread that runs the session; null if it is not known. For diagnostics only, so a race is harmless: a thread
     * that enters writes it before it acquires the line's lock, and only a task writes it later.
     */
    @Nullable
    Thread holder;

    // The line's lock guards all fields below. A slot that has been admitted, and is neither held nor closed, is
    // paused.

    /** The slot's index among the held slots, or -1 if it is not held. */
    int index = -1;

    /**
     * The number of the refusal event that was current when this slot was admitted, or the service last refused its
     * session.
     */
    int refusalEvent;

    /** When the session's back-off ends; null if the service has not refused it since it was admitted or resumed. */
    @Nullable
    Long retryAt;

    /** The waiter that resumes this slot; null if no resumption is under way. */
    @Nullable
    Waiter resumption;

    boolean closed;
    boolean everPaused; // a session has begun with this slot, and may resume it

    /** Makes a slot that is not held yet. */
    public LineSlot(WaitingLine line) {
        this.line = line;
        this.origin = line.leakNanos > 0 ? new SlotSet.Origin() : null;
    }

    /** Waits for as long as it takes, and returns once the slot is held. */
    public void enter() throws InterruptedException {
        var unused = ThreadWaiter.enter(line, this, false, 0);
    }

    /** Waits for at most {@code nanos}, and returns whether the slot is held. */
    public boolean enter(long nanos) throws InterruptedException {
        return ThreadWaiter.enter(line, this, true, nanos);
    }

    /** Returns whether the slot is held; does not wait. */
    public boolean tryEnter() {
        holder = Thread.currentThread();
        return line.tryEnter(this);
    }

    /** Returns a future of the slot, which completes once the slot is held. */
    public CompletableFuture<Slot> enterAsync() {
        return FutureWaiter.enter(line, this);
    }

    void checkResumable() {
        if (closed || resumption != null) {
            throw new IllegalStateException(closed ? "the slot is closed" : "the slot is being resumed");
        }
    }

    /** Nanoseconds until the session's back-off ends; zero or less if it need not back off. */
    long backOffNanos(long now) {
        return retryAt == null ? 0 : retryAt - now;
    }

    @Override
    public void rateLimited(@Nullable Duration retryAfter) {
        line.refused(this, RetryAfter.of(retryAfter));
    }

    @Override
    public void rateLimitedFor(@Nullable String retryAfter) {
        line.refused(this, RetryAfter.of(retryAfter));
    }

    @Override
    public void pause() {
        line.pause(this);
    }

    @Override
    public void resume() throws InterruptedException {
        ThreadWaiter.resume(line, this);
    }

    @Override
    public CompletableFuture<Slot> resumeAsync() {
        return FutureWaiter.resume(line, this);
    }

    @Override
    public void resumeNow() {
        line.resumeNow(this);
    }

    @Override
    public void close() {
        line.giveBack(this);
    }
}
