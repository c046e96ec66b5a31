package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Starts work when a future of a slot completes, and holds the slot until the work's stage completes. */
public final class AsyncCall {

    private AsyncCall() {}

    /**
     * Calls {@code work} when {@code slotFuture} completes, and holds the slot until the stage that it returns
     * completes.
     */
    public static <T extends @Nullable Object> CompletableFuture<T> start(
            CompletableFuture<Slot> slotFuture, Function<? super Slot, ? extends CompletionStage<T>> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        var unusedCancellation =
                result.whenComplete((value, failure) -> slotFuture.cancel(false)); // no effect once the slot is granted
        var unusedGrant = slotFuture.whenComplete((slot, refusal) -> {
            if (refusal != null) {
                result.completeExceptionally(refusal);
            } else if (result.isDone()) {
                slot.close();
            } else {
                callIn(slot, work, result);
            }
        });
        return result;
    }

    private static <T extends @Nullable Object> void callIn(
            Slot slot, Function<? super Slot, ? extends CompletionStage<T>> work, CompletableFuture<T> result) {
        try {
            CompletionStage<T> stage = work.apply(slot);
            if (stage == null) {
                throw new NullPointerException("the work returned null in place of a stage");
            }
            Session<T> session = new Session<>(slot, stage);
            var unusedEnd = stage.whenComplete((value, failure) -> {
                session.ended(); // first, so that code that sees the result finds the slot free
                if (failure != null) {
                    result.completeExceptionally(failure);
                } else {
                    result.complete(value);
                }
            });
            // If the caller cancelled the result, or it timed out, cancel the stage too. No effect on a completed
            // stage.
            var unusedCancellation = result.whenComplete((value, failure) -> session.cancel());
        } catch (Throwable t) {
            slot.close();
            result.completeExceptionally(t);
        }
    }

    /**
     * A session in its slot. Futures of reactive libraries complete before their {@code cancel} ends the work, so a
     * session that is being cancelled gives its slot back when {@code cancel} has returned, and its stage has
     * completed.
     */
    private static final class Session<T extends @Nullable Object> {

        private final Slot slot;
        private final CompletionStage<T> stage;

        // Each of the two methods writes one and then reads the other, so at least one of them closes the slot.
        private volatile boolean ended;
        private volatile boolean cancelling;

        Session(Slot slot, CompletionStage<T> stage) {
            this.slot = slot;
            this.stage = stage;
        }

        void ended() {
            ended = true;
            if (!cancelling) {
                slot.close();
            }
        }

        void cancel() {
            cancelling = true;
            try {
                stage.toCompletableFuture().cancel(true);
            } finally {
                cancelling = false;
                if (ended) {
                    slot.close();
                }
            }
        }
    }
}
