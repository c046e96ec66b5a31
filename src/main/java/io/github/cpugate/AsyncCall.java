package io.github.cpugate;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Work that ends with a stage, in a slot that comes with a future. */
final class AsyncCall {

    private AsyncCall() {}

    /**
     * Calls {@code work} when it is its {@code turn}, and holds the slot until the stage that it returns is complete.
     */
    static <T extends @Nullable Object> CompletableFuture<T> start(
            CompletableFuture<Slot> turn, Supplier<? extends CompletionStage<T>> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        var unusedCancellation =
                result.whenComplete((value, failure) -> turn.cancel(false)); // too late if it is granted
        var unusedTurn = turn.whenComplete((slot, refusal) -> {
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
                slot.close(); // first: who sees the result finds the slot free
                if (failure != null) {
                    result.completeExceptionally(failure);
                } else {
                    result.complete(value);
                }
            });
            // Cancelled, timed out: nobody wants the outcome any more. If the stage is complete, this does nothing.
            var unusedCancellation = result.whenComplete(
                    (value, failure) -> stage.toCompletableFuture().cancel(true));
        } catch (Throwable t) {
            slot.close();
            result.completeExceptionally(t);
        }
    }
}
