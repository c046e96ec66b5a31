package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.ModelState.same;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import java.time.Duration;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

/** The random operations of a run on sessions that are refused, pause, and resume. */
final class ModelPauses {

    private static final long SECOND = 1_000_000_000L;

    private final ModelState state;
    private final boolean withThreads;
    private final Random random;
    private final WaitingLine line;
    private final ReferenceLine reference;

    ModelPauses(ModelState state, boolean withThreads) {
        this.state = state;
        this.withThreads = withThreads;
        this.random = state.random;
        this.line = state.line;
        this.reference = state.reference;
    }

    void refuseOrPause() {
        ModelCaller caller = state.any();
        switch (random.nextInt(11)) {
            case 0 -> refuse(caller);
            case 1, 2 -> {
                refuse(caller);
                pause(caller);
            }
            case 3 -> pause(caller);
            case 4 -> state.pass(10 * SECOND + random.nextInt(1000));
            case 5, 6 -> endBackOff(caller);
            case 7 -> completeResumption(caller);
            case 8 -> resumeNow(caller);
            default -> resume(caller);
        }
    }

    private void refuse(ModelCaller caller) {
        state.operation = "refuse " + caller.id;
        long nanos = SECOND * (31 + random.nextInt(30));
        caller.slot.rateLimited(Duration.ofNanos(nanos));
        reference.refuse(caller.id, nanos);
    }

    private void pause(ModelCaller caller) {
        state.operation += ", pause " + caller.id;
        caller.slot.pause();
        reference.pause(caller.id);
    }

    private void resume(ModelCaller caller) {
        if (!reference.canResume(caller.id) || caller.blocks) {
            return;
        }
        if (random.nextInt(4) == 0 || reference.wouldBackOffBriefly(caller.id)) {
            state.pass(61 * SECOND); // past the end, so that no timer ends a back-off during the run
        }
        state.operation = "resume " + caller.id;
        if (withThreads && state.threadsInLine.size() < ModelState.MAX_THREADS && random.nextBoolean()) {
            resumeOnThread(caller);
            return;
        }
        boolean resumedBefore = caller.resumesAsync;
        caller.resumesAsync = true; // callers that this admits may close its slot
        switch (reference.resume(caller.id)) {
            case HELD -> state.expectGrant(caller.id);
            case REFUSED -> state.expectRefusal(caller.id);
            case ILLEGAL -> {
                state.expectClosed(caller.id);
                caller.resumesAsync = resumedBefore;
            }
            default -> {}
        }
        CompletableFuture<Slot> resumption = caller.slot.resumeAsync();
        caller.resumption = caller.resumesAsync && !resumedBefore ? resumption : caller.resumption;
        var unused = resumption.whenComplete((slot, failure) -> {
            if (slot == caller.slot) {
                state.events.add("resumed " + caller.id);
            } else if (failure instanceof GateClosedException) {
                state.events.add("refused " + caller.id);
            } else if (failure instanceof IllegalStateException && !resumption.isCancelled()) {
                state.events.add("closed " + caller.id);
            }
        });
    }

    private void resumeNow(ModelCaller caller) {
        if (reference.canResume(caller.id)) {
            state.operation = "resume now " + caller.id;
            String outcome = ReferenceLine.Entry.HELD.name();
            try {
                caller.slot.resumeNow();
            } catch (IllegalStateException e) {
                outcome = ReferenceLine.Entry.ILLEGAL.name();
            }
            same("resumed", outcome, reference.resumeNow(caller.id).name());
        }
    }

    private void resumeOnThread(ModelCaller caller) {
        ReferenceLine.Entry expected = reference.resume(caller.id);
        caller.resumeOnThread(expected);
        switch (expected) {
            case HELD -> state.decide(caller, "granted");
            case REFUSED -> state.decide(caller, "refused");
            case ILLEGAL -> state.decide(caller, "closed");
            case IN_LINE -> state.awaitInLine(caller);
            default -> state.threadsInLine.add(caller);
        }
    }

    /** Does what the timer of the back-off does. */
    private void endBackOff(ModelCaller caller) {
        state.operation = "end the back-off of " + caller.id;
        if (reference.backsOff(caller.id)) {
            line.backOffEnded(Objects.requireNonNull(caller.slot.resumption));
            reference.backOffEnded(caller.id);
        }
    }

    private void completeResumption(ModelCaller caller) {
        state.operation = "complete the resumption of " + caller.id;
        if (caller.resumption != null) {
            boolean late = random.nextBoolean();
            if (late) {
                caller.resumption.completeExceptionally(new TimeoutException());
            } else {
                caller.resumption.cancel(false);
            }
            if (caller.resumesAsync) {
                caller.resumesAsync = false;
                reference.giveUp(caller.id, late);
            }
        }
    }
}
