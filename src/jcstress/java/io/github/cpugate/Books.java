package io.github.cpugate;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What must be true of a line once all that raced has ended, told as the result of a stress test. */
final class Books {

    /** Who completes a future in line does it on its own thread: a test is over when its actors are. */
    static WaitingLine line(int limit) {
        return new WaitingLine("stress", limit, 8, limit, () -> 0, 0, new CallingThread());
    }

    static Slot taken(WaitingLine line) {
        Slot slot = new Slot(line);
        if (!line.tryEnter(slot)) {
            throw new AssertionError("no slot to begin with");
        }
        return slot;
    }

    static Slot paused(WaitingLine line) {
        Slot slot = taken(line);
        slot.pause();
        return slot;
    }

    static CompletableFuture<Slot> inLine(WaitingLine line) {
        return line.enterAsync(new Slot(line));
    }

    static String outcome(CompletableFuture<Slot> future) {
        if (!future.isDone()) {
            return "in line";
        }
        if (future.isCancelled()) {
            return "cancelled";
        }
        return future.isCompletedExceptionally() ? "refused" : "granted";
    }

    /** The slots of those futures that were granted one, each given back by {@link #check}. */
    static Slot[] grantedOf(List<CompletableFuture<Slot>> futures) {
        return futures.stream()
                .filter(future -> outcome(future).equals("granted"))
                .map(CompletableFuture::join)
                .toArray(Slot[]::new);
    }

    /** Compares the line with those who kept a slot; then gives all back, and takes each permit there is. */
    static String check(WaitingLine line, int waiting, Slot... kept) {
        LineReport end = line.report();
        if (end.inFlight() != kept.length || end.waiting() != waiting) {
            return end.inFlight() + " in flight for " + kept.length + " kept and " + end.waiting() + " in line";
        }
        for (Slot slot : kept) {
            slot.close();
        }
        int free = 0;
        int taken = Math.min(waiting, kept.length); // by those who stood in line still
        while (!end.closed() && free <= end.limit() && line.tryEnter(new Slot(line))) {
            free++;
        }
        if (end.closed()) {
            return line.report().inFlight() == 0 ? "balanced" : "a slot is lost";
        }
        return free + taken == end.limit() ? "balanced" : free + taken + " permits under a limit of " + end.limit();
    }
}
