package io.github.cpugate.clients;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs sessions in a gate's slots. One that the service refuses tells the gate, leaves its slot to others until it is
 * time to ask again, and is run again from the beginning; so let a session be one request.
 *
 * <p>The client must not retry by itself ({@code maxRetries(0)}): it would sleep in the slot, and the gate would not
 * know.
 */
public final class Retrying {

    private final AdaptiveCpuGate gate;
    private final Function<Throwable, Optional<Refusal>> refusals;
    private final int maxRetries;

    /**
     * Retries what is refused, and nothing else.
     *
     * @param refusals tells a refusal from other failures
     * @param maxRetries so many times a session is run again; if it is refused then too, it fails with that
     */
    public Retrying(AdaptiveCpuGate gate, Function<Throwable, Optional<Refusal>> refusals, int maxRetries) {
        this.gate = gate;
        this.refusals = refusals;
        this.maxRetries = maxRetries;
    }

    /** Waits for a slot, runs the session in it on this thread, and returns what it returns. */
    public <T> T call(Callable<T> session) throws Exception {
        try (Slot slot = gate.slot()) {
            for (int retries = 0; ; retries++) {
                try {
                    return session.call();
                } catch (Exception failure) {
                    if (!refused(slot, failure) || retries >= maxRetries) {
                        throw failure;
                    }
                }
                slot.pause();
                slot.resume();
            }
        }
    }

    /**
     * Does the same without blocking: a session ends with the stage that it returns. To cancel the future leaves the
     * line, or cancels the stage: return one whose cancellation ends the session.
     */
    public <T> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> session) {
        AsyncSession<T> async = new AsyncSession<>(session);
        async.runIn(gate.slotAsync());
        return async.result;
    }

    private boolean refused(Slot slot, Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        try {
            Optional<Refusal> refusal = refusals.apply(cause);
            refusal.ifPresent(said -> slot.rateLimitedFor(said.retryAfter()));
            return refusal.isPresent();
        } catch (RuntimeException e) {
            failure.addSuppressed(e); // the session failed all the same, and its slot is due
            return false;
        }
    }

    /** Goes from one stage to the next; at any time there is one, which ends when the result is cancelled. */
    private final class AsyncSession<T> {

        private final CompletableFuture<T> result = new CompletableFuture<>();
        private final Supplier<? extends CompletionStage<T>> session;
        private int retries;

        AsyncSession(Supplier<? extends CompletionStage<T>> session) {
            this.session = session;
        }

        /** Runs the session in its turn. If that does not come, no slot is held. */
        void runIn(CompletableFuture<Slot> turn) {
            var unused = turn.whenComplete((slot, failure) -> {
                if (failure != null) {
                    result.completeExceptionally(failure);
                } else {
                    run(slot);
                }
            });
            cancelWithResult(turn);
        }

        private void run(Slot slot) {
            if (result.isDone()) { // cancelled
                slot.close();
                return;
            }
            CompletionStage<T> stage;
            try {
                stage = Objects.requireNonNull(session.get(), "the session's stage");
            } catch (Throwable t) {
                stage = CompletableFuture.failedFuture(t);
            }
            var unused = stage.whenComplete((value, failure) -> {
                if (failure != null && refused(slot, failure) && retries++ < maxRetries) {
                    slot.pause();
                    runIn(slot.resumeAsync());
                    return;
                }
                slot.close(); // first: who sees the result finds the slot free
                if (failure != null) {
                    result.completeExceptionally(failure);
                } else {
                    result.complete(value);
                }
            });
            cancelWithResult(stage);
        }

        private void cancelWithResult(CompletionStage<?> stage) {
            var unused = result.whenComplete(
                    (value, failure) -> stage.toCompletableFuture().cancel(true));
        }
    }
}
