package io.github.cpugate;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One who wants a slot, both of the line and of the reference. */
final class ModelGuest {

    enum Kind {
        MOMENT,
        SLOT,
        CALL,
        THREAD
    }

    /** What it does when it is told of its slot: from within the operation that made room. */
    enum Reaction {
        NONE,
        CLOSE_A_SLOT,
        CANCEL_A_FUTURE
    }

    final int id;
    final Kind kind;
    final Slot slot;
    Reaction reaction = Reaction.NONE;

    /** Whose slot or future its reaction is about. */
    int target;

    // What the line gave it.
    @Nullable
    CompletableFuture<?> future;

    @Nullable
    Caller<Boolean> caller;

    /** Of its last resumption, if that was on no thread. */
    @Nullable
    CompletableFuture<Slot> back;

    final CompletableFuture<String> stage = new CompletableFuture<>();

    // What is to become of it by the reference.
    boolean told;
    boolean settled;
    boolean overdue;
    boolean onThread;
    boolean resumes; // on no thread

    @Nullable
    String end;

    ModelGuest(int id, Kind kind, Slot slot) {
        this.id = id;
        this.kind = kind;
        this.slot = slot;
    }

    interface Entering {
        boolean enter() throws InterruptedException;
    }

    static String entry(Entering entering) {
        try {
            return (entering.enter() ? ReferenceLine.Entry.HELD : ReferenceLine.Entry.TURNED_AWAY).name();
        } catch (GateClosedException e) {
            return ReferenceLine.Entry.REFUSED.name();
        } catch (InterruptedException e) {
            return "interrupted";
        }
    }

    void resumeOnAThread(WaitingLine line, ReferenceLine.Entry expected) {
        onThread = true;
        end = null;
        caller = expected == ReferenceLine.Entry.IN_LINE
                ? Caller.startInLine(line, this::resume)
                : Caller.start(this::resume);
        if (expected == ReferenceLine.Entry.AT_REST) {
            Await.until("it rests", () -> slot.resumption != null);
            Await.parked(caller.thread());
        }
    }

    private boolean resume() throws InterruptedException {
        slot.resume();
        return true;
    }

    void blockOnAThread(WaitingLine line, boolean inLine, boolean timed, long nanos) {
        onThread = true;
        caller = inLine
                ? Caller.startInLine(line, () -> block(line, timed, nanos))
                : Caller.start(() -> block(line, timed, nanos));
    }

    private boolean block(WaitingLine line, boolean timed, long nanos) throws InterruptedException {
        if (timed) {
            return line.enter(slot, nanos);
        }
        line.enter(slot);
        return true;
    }

    boolean isGone() {
        return caller != null && caller.isDone();
    }

    Thread thread() {
        if (caller == null) {
            throw new IllegalStateException(id + " is on no thread");
        }
        return caller.thread();
    }

    /** How its thread ended; waits for that. */
    String endOfThread() {
        if (caller == null) {
            throw new IllegalStateException(id + " is on no thread");
        }
        Throwable failure = caller.failure();
        String how;
        if (failure == null) {
            how = Boolean.TRUE.equals(caller.result()) ? "granted" : "timed out";
        } else if (failure instanceof GateClosedException) {
            how = "refused";
        } else if (failure instanceof IllegalStateException) {
            how = "closed";
        } else {
            how = failure instanceof InterruptedException ? "interrupted" : failure.toString();
        }
        return caller.interruptedAfter() ? how + ", interrupt pending" : how;
    }
}
