package io.github.cpugate;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A session's way back after a pause: it rests for as long as the service wants to be left alone, or until the gate is
 * closed, and lines up.
 */
final class Resumption {

    private Resumption() {}

    /** Does all of it on this thread. */
    static void await(WaitingLine line, Slot slot) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (!begin(line, slot)) {
            return;
        }
        boolean held = false;
        try {
            rest(line, slot);
            line.enter(slot);
            held = true;
        } finally {
            held = end(line, slot, held);
        }
        if (!held) {
            throw closedMeanwhile();
        }
    }

    private static void rest(WaitingLine line, Slot slot) throws InterruptedException {
        long nanos = nanosToRest(line, slot);
        if (nanos <= 0) {
            return;
        }
        CompletableFuture<@Nullable Void> rest = line.rests.begin(slot);
        try {
            rest.get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // The time has passed; the other one does not come.
        } finally {
            var unused = line.rests.end(slot);
        }
    }

    /** Does all of it on no thread. */
    static CompletableFuture<Slot> start(WaitingLine line, Slot slot) {
        CompletableFuture<Slot> result = new CompletableFuture<>();
        try {
            if (!begin(line, slot)) {
                return CompletableFuture.completedFuture(slot);
            }
        } catch (IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
        long nanos = nanosToRest(line, slot);
        if (nanos <= 0) {
            lineUp(line, slot, result);
            return result;
        }
        CompletableFuture<@Nullable Void> rest = line.rests.begin(slot);
        var unusedCancellation = result.whenComplete((held, failure) -> {
            if (line.rests.end(slot)) {
                var unused = end(line, slot, false);
            }
        });
        var unusedRest = rest.completeOnTimeout(null, nanos, TimeUnit.NANOSECONDS)
                .whenCompleteAsync((over, failure) -> {
                    if (line.rests.end(slot)) {
                        lineUp(line, slot, result);
                    }
                });
        return result;
    }

    private static void lineUp(WaitingLine line, Slot slot, CompletableFuture<Slot> result) {
        CompletableFuture<Slot> turn = line.enterAsync(slot);
        var unusedCancellation = result.whenComplete((held, failure) -> turn.cancel(false)); // or it is granted
        var unusedTurn = turn.whenComplete((granted, failure) -> {
            boolean held = end(line, slot, granted != null);
            if (failure != null) {
                result.completeExceptionally(failure);
            } else if (!held) {
                result.completeExceptionally(closedMeanwhile());
            } else if (!result.complete(slot)) {
                line.pause(slot);
            }
        });
    }

    /** Returns whether the slot is paused; if so it is being resumed from now on. */
    private static boolean begin(WaitingLine line, Slot slot) {
        line.lock.lock();
        try {
            if (slot.closed || slot.resuming) {
                throw new IllegalStateException(slot.closed ? "the slot is closed" : "the slot is being resumed");
            }
            slot.resuming = slot.paused;
            return slot.paused;
        } finally {
            line.lock.unlock();
        }
    }

    /** Returns whether the slot is held: it may have been closed meanwhile, and is given back then. */
    private static boolean end(WaitingLine line, Slot slot, boolean granted) {
        boolean held;
        line.lock.lock();
        try {
            slot.resuming = false;
            slot.paused = !granted;
            slot.refused &= !granted;
            held = granted && !slot.closed;
        } finally {
            line.lock.unlock();
        }
        if (granted && !held) {
            line.leave(slot);
        }
        return held;
    }

    private static long nanosToRest(WaitingLine line, Slot slot) {
        long now = line.now();
        line.lock.lock();
        try {
            return slot.refused ? slot.retryAt - now : 0;
        } finally {
            line.lock.unlock();
        }
    }

    private static IllegalStateException closedMeanwhile() {
        return new IllegalStateException("the slot was closed while it was being resumed");
    }
}
