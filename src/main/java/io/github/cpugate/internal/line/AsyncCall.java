package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Starts work when a future of a slot completes, and holds the slot until the work's stage completes. */
public final class AsyncCall {

    private AsyncCall() {}

    /**
     * Calls {@code work} when {@code slotFuture} completes, and holds the slot until the stage that it returns
     * completes.
     */
    public static <T extends @Nullable Object> CompletableFuture<T> start(
            CompletableFuture<Slot> slotFuture, Supplier<? extends CompletionStage<T>> work) {
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
            Slot slot, Supplier<? extends CompletionStage<T>> work, CompletableFuture<T> result) {
        try {
            CompletionStage<T> stage = work.get();
            if (stage == null) {
                throw new NullPointerException("the work returned null in place of a stage");
            }
            var unusedEnd = stage.whenComplete((value, failure) -> {
                slot.close(); // first, so that code that sees the result finds the slot free
                if (failure != null) {
                    result.completeExceptionally(failure);
                } else {
                    result.complete(value);
                }
            });
            // If the caller cancelled the result, or it timed out, cancel the stage too. No effect on a completed
            // stage.
            var unusedCancellation = result.whenComplete(
                    (value, failure) -> stage.toCompletableFuture().cancel(true));
        } catch (Throwable t) {
            slot.close();
            result.completeExceptionally(t);
        }
    }
}
