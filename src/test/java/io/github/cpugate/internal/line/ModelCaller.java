package io.github.cpugate.internal.line;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A caller, both of the real line and of the reference. */
final class ModelCaller {

    enum Kind {
        /** Calls tryEnter, or waits for some nanoseconds at most. */
        TRY,
        SLOT_ASYNC,
        CALL_ASYNC,
        THREAD
    }

    /** What the caller does when it is granted a slot, within the operation that made room. */
    enum Reaction {
        NONE,
        CLOSE_A_SLOT,
        CANCEL_A_FUTURE
    }

    final int id;
    final Kind kind;
    final LineSlot slot;
    Reaction reaction = Reaction.NONE;

    /** The id of the caller whose slot or future the reaction closes or cancels. */
    int target;

    // What the line returned.
    @Nullable
    CompletableFuture<?> future;

    @Nullable
    Caller<Boolean> call;

    /** The future of the last resumption that did not block. */
    @Nullable
    CompletableFuture<Slot> resumption;

    /** The work of a CALL_ASYNC. */
    final CompletableFuture<String> stage = new CompletableFuture<>();

    // What the reference expects.
    boolean notified; // a grant has been reported to it
    boolean completed; // its future is complete
    boolean overdue; // its slot was reported as held for too long
    boolean blocks; // it enters or resumes on a thread of its own
    boolean resumesAsync;

    @Nullable
    String expectedEnd; // of its thread

    ModelCaller(int id, Kind kind, LineSlot slot) {
        this.id = id;
        this.kind = kind;
        this.slot = slot;
    }

    interface Entering {
        boolean enter() throws InterruptedException;
    }

    static String outcome(Entering entering) {
        try {
            return (entering.enter() ? ReferenceLine.Entry.HELD : ReferenceLine.Entry.TURNED_AWAY).name();
        } catch (GateClosedException e) {
            return ReferenceLine.Entry.REFUSED.name();
        } catch (InterruptedException e) {
            return "interrupted";
        }
    }

    void resumeOnThread(ReferenceLine.Entry expected) {
        blocks = true;
        expectedEnd = null;
        call = Caller.start(this::resume);
        if (expected == ReferenceLine.Entry.BACKING_OFF) {
            Await.until("the thread backs off", () -> slot.resumption != null);
            Await.parked(call.thread());
        }
    }

    private boolean resume() throws InterruptedException {
        slot.resume();
        return true;
    }

    void enterOnThread(boolean timed, long nanos) {
        blocks = true;
        call = Caller.start(() -> enter(timed, nanos));
    }

    private boolean enter(boolean timed, long nanos) throws InterruptedException {
        if (timed) {
            return slot.enter(nanos);
        }
        slot.enter();
        return true;
    }

    boolean hasReturned() {
        return call != null && call.isDone();
    }

    Thread thread() {
        if (call == null) {
            throw new IllegalStateException("caller " + id + " has no thread");
        }
        return call.thread();
    }

    /** Waits until the thread has ended, and returns how. */
    String endOfThread() {
        if (call == null) {
            throw new IllegalStateException("caller " + id + " has no thread");
        }
        Throwable failure = call.failure();
        String how;
        if (failure == null) {
            how = Boolean.TRUE.equals(call.result()) ? "granted" : "timed out";
        } else if (failure instanceof GateClosedException) {
            how = "refused";
        } else if (failure instanceof IllegalStateException) {
            how = "closed";
        } else {
            how = failure instanceof InterruptedException ? "interrupted" : failure.toString();
        }
        return call.interruptedAfter() ? how + ", interrupt pending" : how;
    }
}
