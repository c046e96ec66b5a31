package io.github.cpugate;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The right to run one session, held from admission until {@link #close()}.
 *
 * <p>Use it in a try-with-resources statement. Its methods may be called by any thread, not just by the one that got
 * it. A slot that is garbage-collected without having been closed is given back by one of the governor's next steps,
 * which logs that as an error.
 *
 * <p>Where the service refuses (429), tell the gate, and let others run until it is time to ask again:
 *
 * <pre>{@code
 * try (Slot slot = gate.slot()) {
 *     while (true) {
 *         try {
 *             return stream(client, prompt);
 *         } catch (RateLimitException e) {
 *             slot.rateLimitedFor(retryAfter(e)); // lowers the gate's API ceiling
 *             slot.pause();
 *             slot.resume(); // when the service wants to be asked again, and there is a slot
 *         }
 *     }
 * }
 * }</pre>
 */
public final class Slot implements AutoCloseable {

    private final WaitingLine line;

    /** Where it was taken; null unless its gate was built with {@code leakWarning}. */
    final HeldSlots.@Nullable Origin origin;

    // All below is guarded by the line's lock.

    /** Its place among the slots held, or -1 if it is not held. */
    int index = -1;

    /** The last event that the API ceiling had known when it was admitted, or refused. */
    int event;

    /** When the service wants to be asked again; null if it has not refused since the slot was admitted, or resumed. */
    @Nullable
    Long retryAt;

    /**
     * Its session's way back after a pause, as long as it is on it. A slot that is neither held nor closed is paused.
     */
    @Nullable
    Waiter resumption;

    boolean closed;

    Slot(WaitingLine line) {
        this.line = line;
        this.origin = line.looksForLeaks() ? new HeldSlots.Origin() : null;
    }

    void checkResumable() {
        if (closed || resumption != null) {
            throw new IllegalStateException(closed ? "the slot is closed" : "the slot is being resumed");
        }
    }

    long nanosToRest(long now) {
        return retryAt == null ? 0 : retryAt - now;
    }

    /**
     * Tells the gate that the service refused this session (429): it lets fewer run at once, and not more again before
     * {@code retryAfter} has passed, then one more at a step as long as none is refused. Says nothing about CPU, and
     * does not wait: to wait is for {@link #pause()} and {@link #resume()}.
     *
     * <p>Refusals that come together lower the ceiling once. Does not block, save for the gate's lock. Throws nothing:
     * the value comes from outside.
     *
     * @param retryAfter how long the service wants to be left alone; {@code null} or zero if it did not say, which
     *     counts as a second. More than a minute counts as a minute, less than nothing as a second; the first such
     *     value is logged
     */
    public void rateLimited(@Nullable Duration retryAfter) {
        line.refused(this, RetryAfter.of(retryAfter));
    }

    /** Tells the gate that the service refused this session, and did not say for how long: see {@link #rateLimited}. */
    public void rateLimited() {
        line.refused(this, RetryAfter.of((Duration) null));
    }

    /**
     * Tells the gate that the service refused this session, in the service's words: see {@link #rateLimited(Duration)}.
     *
     * @param retryAfter the value of a Retry-After header: seconds, with a fraction too, or an HTTP date; {@code null}
     *     if there was none. Anything else counts as a second, and the first such value is logged
     */
    public void rateLimitedFor(@Nullable String retryAfter) {
        line.refused(this, RetryAfter.of(retryAfter));
    }

    /**
     * Gives the slot to others for the time being, and admits the next in line if it fits. The session has to
     * {@link #resume()} before it goes on; if it is paused or closed already, does nothing. Does not block, save for
     * the gate's lock. What this thread did before happens-before what the next holder of the slot does after getting
     * it.
     */
    public void pause() {
        line.pause(this);
    }

    /**
     * Waits for the slot again after {@link #pause()}: if the service refused this session, first until the time has
     * passed for which it wants to be left alone; then in line, before callers who have not been admitted yet, and
     * after those who resumed before. If it is not paused, returns at once.
     *
     * <p>How much of that time is left, is read from the gate's clock once, at the call; it is waited for by the JVM's.
     *
     * @throws InterruptedException if the thread was interrupted on entry or while waiting; the slot is still paused.
     *     If the slot was granted first, it is held, and the thread's interrupt status stays set
     * @throws GateClosedException if the gate is closed, or is closed during the wait; the slot is still paused
     * @throws IllegalStateException if the slot is closed, or is closed during the wait, or is being resumed by another
     *     thread
     */
    public void resume() throws InterruptedException {
        BlockedCaller.resume(line, this);
    }

    /**
     * Does as {@link #resume()} without blocking. To cancel the future, or to complete it in any other way
     * ({@code orTimeout}), takes the session out of the line; the slot is still paused then, and can be resumed again.
     * If it does not complete at once, it does where {@link AdaptiveCpuGate#slotAsync()} does; after a time that the
     * service asked for, in any case by the default executor of CompletableFuture.
     *
     * @return a future of this slot, held; it fails with what {@code resume()} throws
     */
    public CompletableFuture<Slot> resumeAsync() {
        return PendingSlot.resume(line, this);
    }

    /**
     * Gives the slot back, and admits the next in line if it fits under the limit. Closing again does nothing. A
     * session that waits in {@link #resume()} is told at once.
     *
     * <p>Does not block, save for the gate's lock, which nobody holds for longer than a look at each slot takes. What
     * this thread did before happens-before what the next holder of the slot does after getting it.
     */
    @Override
    public void close() {
        line.leave(this);
    }
}
