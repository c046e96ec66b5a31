package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Makes the line of a stress test, and checks it after all actors have ended. */
final class StressLine {

    private StressLine() {}

    /** Makes a line that completes futures on the calling thread, so that a test is over when its actors are. */
    static WaitingLine lineOf(int limit) {
        return LineFixture.line().limit(limit).bounds(limit, 8).clock(() -> 0).build();
    }

    /** Returns the slots of those futures that were granted one. */
    static Slot[] grantedTo(List<CompletableFuture<Slot>> futures) {
        return futures.stream()
                .filter(future -> LineFixture.outcome(future).equals("granted"))
                .map(CompletableFuture::join)
                .toArray(Slot[]::new);
    }

    /**
     * Compares the line with the slots that were kept and the callers that wait. Then closes those slots, and counts
     * the slots that can be taken. Returns "balanced", or what is wrong.
     */
    static String check(WaitingLine line, int waiting, Slot... kept) {
        LineSnapshot end = line.snapshot();
        if (end.inFlight() != kept.length || end.waiting() != waiting) {
            return end.inFlight() + " in flight for " + kept.length + " kept and " + end.waiting() + " in line";
        }
        for (Slot slot : kept) {
            slot.close();
        }
        int free = 0;
        int handedOver = Math.min(waiting, kept.length); // to the callers that were still in line
        while (!end.closed() && free <= end.cpuLimit() && line.tryEnter(new LineSlot(line))) {
            free++;
        }
        if (end.closed()) {
            return line.snapshot().inFlight() == 0 ? "balanced" : "a slot is lost";
        }
        return free + handedOver == end.cpuLimit()
                ? "balanced"
                : free + handedOver + " slots under a limit of " + end.cpuLimit();
    }
}
