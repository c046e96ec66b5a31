package io.github.cpugate;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The right to run one session, held from admission until {@link #close()}.
 *
 * <p>Use it in a try-with-resources statement. Any thread may call its methods, not only the thread that obtained it.
 * If a slot is garbage-collected without having been closed, one of the governor's next steps gives it back and logs an
 * error.
 *
 * <p>When the service refuses a request (429), report that to the gate, and let other sessions run until the service
 * accepts requests again:
 *
 * <pre>{@code
 * try (Slot slot = gate.slot()) {
 *     while (true) {
 *         try {
 *             return stream(client, prompt);
 *         } catch (RateLimitException e) {
 *             slot.rateLimitedFor(retryAfter(e)); // lowers the gate's API ceiling
 *             slot.pause();
 *             slot.resume(); // once the service's time has passed and a slot is free
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>The gate implements this interface; code under test may be given an implementation of its own. Methods may be
 * added to it, with a default.
 *
 * <p><b>Memory effects.</b> Actions in a thread before it calls {@link #close()} or {@link #pause()} happen-before the
 * actions of the next holder of the slot that follow its admission.
 */
public interface Slot extends AutoCloseable {

    /**
     * Reports that the service refused this session (429). The gate lowers its API ceiling, the number of sessions that
     * the service seems to accept at once, and raises it again step by step, once {@code retryAfter} has passed and
     * while no session is refused. Refusals that come together lower it once.
     *
     * <p>This method does not wait for {@code retryAfter} to pass; {@link #pause()} and {@link #resume()} do. It does
     * not block except for the gate's lock. It throws no exception, whatever the value, since that comes from outside.
     *
     * @param retryAfter how long the service asks clients to back off; {@code null} or zero if it did not say, which
     *     counts as one second. A value above one minute counts as one minute, a negative value as one second, and the
     *     first such value is logged
     */
    void rateLimited(@Nullable Duration retryAfter);

    /** Reports that the service refused this session without a time to back off: see {@link #rateLimited(Duration)}. */
    default void rateLimited() {
        rateLimited(null);
    }

    /**
     * Reports that the service refused this session, with the time in the service's own words: see
     * {@link #rateLimited(Duration)}.
     *
     * <p>This method understands three kinds of text. A number in the first two may have a decimal point:
     *
     * <ul>
     *   <li>seconds, as in the Retry-After header: {@code 20}, {@code 0.5}, {@code .5};
     *   <li>hours, minutes, seconds and milliseconds, in this order, as services write them in headers of their own
     *       (such as OpenAI's {@code x-ratelimit-reset-requests}) and in the bodies of refusals (Google's
     *       {@code retryDelay}): {@code 34.07s}, {@code 120ms}, {@code 6m0s};
     *   <li>an HTTP-date, as in the Retry-After header, in any of its three forms (RFC 9110, section 5.6.7). It is
     *       compared with the machine's wall clock, and a date in the past counts as one second.
     * </ul>
     *
     * It does not understand times of day in other forms (RFC 3339, seconds since 1970), nor a number of milliseconds
     * without a unit ({@code retry-after-ms}): append {@code ms} to such a number.
     *
     * @param retryAfter the service's text; {@code null} or blank if there was none. A text that this method does not
     *     understand counts as one second, and the first such text is logged
     */
    void rateLimitedFor(@Nullable String retryAfter);

    /**
     * Lends the slot to other callers, and admits the next one in line if it fits under the limit. The session must
     * call {@link #resume()} before it goes on. Does nothing if the slot is paused or closed. Does not block except for
     * the gate's lock. On a manual gate it also runs the stages that depend on a future that it completes.
     */
    void pause();

    /**
     * Waits until the slot is held again after {@link #pause()}. If the service refused this session, the call first
     * backs off for the time that the service asked for. It then waits in line, ahead of callers that have not been
     * admitted yet and behind sessions that resumed earlier. Returns at once if the slot is not paused.
     *
     * <p>The call reads the remaining back-off time from the gate's clock once, and waits for it on the JVM's.
     *
     * @throws InterruptedException if the thread was interrupted on entry or while waiting; the slot is still paused.
     *     If the slot was granted before the interrupt, the call returns normally and the thread's interrupt status
     *     stays set
     * @throws GateClosedException if the gate is closed, or is closed during the wait; the slot is still paused
     * @throws IllegalStateException if the slot is closed, or is closed during the wait, or if another thread is
     *     resuming it
     */
    void resume() throws InterruptedException;

    /**
     * Resumes the slot as {@link #resume()} does, without blocking. Cancelling the future, or completing it in any
     * other way ({@code orTimeout}), takes the session out of the line; the slot is then still paused, and can be
     * resumed again. If the future does not complete at once, it completes where a future of
     * {@link AdaptiveCpuGate#slotAsync()} does. On a manual gate, it completes on a thread of the gate's own if a slot
     * is free when the back-off ends.
     *
     * @return a future that completes with this slot once it is held, and fails with what {@code resume()} throws
     */
    CompletableFuture<Slot> resumeAsync();

    /**
     * Takes the slot back at once after {@link #pause()}, above the limit if no slot is free. This is for a session
     * that goes on in any case, since something other than the gate has started it, such as an engine that has
     * delivered a task. The session counts as in flight, so the gate admits others only once the number in flight is
     * below the limit again.
     *
     * <p>The call does not back off, whatever the service asked for, and it succeeds on a closed gate, so that
     * {@link AdaptiveCpuGate#awaitIdle} waits for the session. It does nothing if the slot is not paused. It does not
     * block except for the gate's lock. (An implementation that does not override it calls {@link #resumeAsync()}, and
     * does not wait for the future.)
     *
     * @throws IllegalStateException if the slot is closed, or is being resumed
     */
    default void resumeNow() {
        var unused = resumeAsync();
    }

    /**
     * Lends the slot to other callers while {@code work} runs, as {@link #pause()} and {@link #resume()} do. A session
     * that waits for other sessions of the same gate, such as an agent for its sub-agents, must wait within this
     * method; otherwise all slots may end up with sessions that wait for a slot.
     *
     * @param <T> the type of the result
     * @param work what to do without the slot; called on this thread
     * @return what the work returned, once the slot is held again
     * @throws Exception what the work threw, once the slot is held again, or what {@link #resume()} throws. If both
     *     throw, the latter is a suppressed exception of the former, and the interrupt status stays set if the thread
     *     was interrupted in {@code resume()}
     */
    default <T extends @Nullable Object> T whilePaused(Callable<T> work) throws Exception {
        Objects.requireNonNull(work, "work");
        pause();
        T result;
        try {
            result = work.call();
        } catch (Throwable t) {
            try {
                resume();
            } catch (Throwable again) {
                if (again != t) { // nothing can suppress itself
                    t.addSuppressed(again);
                }
                if (again instanceof InterruptedException) {
                    Thread.currentThread().interrupt(); // else nobody would notice
                }
            }
            throw t;
        }
        resume();
        return result;
    }

    /**
     * Gives the slot back, and admits the next caller in line if it fits under the limit. Does nothing if the slot is
     * closed already. A session that waits in {@link #resume()} fails at once.
     *
     * <p>Does not block except for the gate's lock, which a thread holds at most for one pass over the held slots. On a
     * manual gate it also runs the stages that depend on a future that it completes.
     */
    @Override
    void close();

    /**
     * Gives up what a future of {@link AdaptiveCpuGate#slotAsync()} stands for: takes the caller out of the line, or
     * closes the slot, whichever it is by now. Does nothing if the future has failed, or if its slot is closed. Does
     * not block except for the gate's lock.
     *
     * <p>With it the future, rather than the slot, is the resource of a reactive stream, and none is lost when the
     * subscriber cancels at the moment of the grant:
     *
     * <pre>{@code
     * Flux.using(gate::slotAsync, turn -> Mono.fromFuture(turn).flatMapMany(slot -> stream(prompt)), Slot::release)
     * }</pre>
     *
     * @param turn the future, or one that completes with its slot and whose cancellation cancels it
     */
    static void release(CompletableFuture<Slot> turn) {
        if (!turn.cancel(false)) {
            var unused = turn.whenComplete((slot, refusal) -> {
                if (slot != null) {
                    slot.close();
                }
            });
        }
    }
}
