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
        return gate.callAsync(slot -> {
            CompletableFuture<T> result = new CompletableFuture<>();
            run(slot, session, 0, result);
            return result;
        });
    }

    /** Runs the session, and again after each refusal. At any time there is one stage, which ends with the result. */
    private <T> void run(
            Slot slot, Supplier<? extends CompletionStage<T>> session, int retries, CompletableFuture<T> result) {
        CompletionStage<T> stage;
        try {
            stage = Objects.requireNonNull(session.get(), "the session's stage");
        } catch (Throwable t) {
            stage = CompletableFuture.failedFuture(t);
        }
        var unused = stage.whenComplete((value, failure) -> {
            if (failure == null) {
                result.complete(value);
            } else if (refused(slot, failure) && retries < maxRetries) {
                slot.pause();
                again(slot, session, retries + 1, result);
            } else {
                result.completeExceptionally(failure);
            }
        });
        cancelWithResult(stage, result);
    }

    private <T> void again(
            Slot slot, Supplier<? extends CompletionStage<T>> session, int retries, CompletableFuture<T> result) {
        CompletableFuture<Slot> resumed = slot.resumeAsync();
        var unused = resumed.whenComplete((same, failure) -> {
            if (failure != null) {
                result.completeExceptionally(failure);
            } else if (!result.isDone()) { // else it was cancelled
                run(slot, session, retries, result);
            }
        });
        cancelWithResult(resumed, result);
    }

    private static void cancelWithResult(CompletionStage<?> stage, CompletableFuture<?> result) {
        var unused = result.whenComplete(
                (value, failure) -> stage.toCompletableFuture().cancel(true));
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
}
