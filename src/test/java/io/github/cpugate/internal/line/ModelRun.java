package io.github.cpugate.internal.line;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.internal.line.ModelCaller.Kind;
import io.github.cpugate.internal.line.ModelCaller.Reaction;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes random operations, which follow from a seed, on a line and on its reference, and compares the two. */
final class ModelRun {

    private static final long LONG = 300_000_000_000L;
    private static final int MAX_THREADS = 12;
    private static final long SECOND = 1_000_000_000L;

    private final long seed;
    private final boolean withThreads;
    private final Random random;
    private final AtomicLong clock;
    private final long leakNanos;
    private final WaitingLine line;
    private final ReferenceLine reference;
    private final List<ModelCaller> callers = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private final List<String> expectedEvents = new ArrayList<>();
    private final List<ModelCaller> threadsInLine = new ArrayList<>();
    private final List<ModelCaller> threadsDecided = new ArrayList<>();
    private String operation = "none";

    ModelRun(long seed, boolean withThreads) {
        this.seed = seed;
        this.withThreads = withThreads;
        this.random = new Random(seed * 2_654_435_761L + (withThreads ? 1 : 0));
        this.clock = new AtomicLong(Long.MAX_VALUE - random.nextInt(20_000)); // may overflow
        int min = 1 + random.nextInt(3);
        int max = min + random.nextInt(6);
        int limit = min + random.nextInt(max - min + 1);
        this.leakNanos = seed % 10 == 0 ? 5000 : 0; // if on, the line records since when each slot is held
        this.line = LineFixture.line()
                .limit(limit)
                .bounds(min, max)
                .clock(clock::get)
                .leakWarning(leakNanos)
                .build();
        this.reference = new ReferenceLine(
                min,
                max,
                limit,
                clock.get(),
                new ReferenceLine.Callbacks(this::expectGrant, this::expectRefusal, this::expectClosed));
    }

    void run(int operations) {
        for (int i = 0; i < operations; i++) {
            runCompared(i, this::operate);
        }
        while (reference.snapshot().inFlight() > 0) {
            runCompared(operations, () -> callers.forEach(this::close)); // callers in line are granted slots meanwhile
        }
        same("slots held in the end", line.snapshot().inFlight(), 0);
        runCompared(operations, this::closeLine);
        same("callers in line in the end", line.snapshot().waiting(), 0);
    }

    private void runCompared(int number, Runnable step) {
        try {
            // The lines are not compared before the operation, which itself must account for this time.
            if (random.nextBoolean()) {
                pass(random.nextInt(1000));
            }
            step.run();
            for (ModelCaller caller : threadsDecided) {
                same("thread " + caller.id, caller.endOfThread(), caller.expectedEnd);
            }
            threadsDecided.clear();
            threadsInLine.forEach(caller -> same("thread " + caller.id + " has returned", caller.hasReturned(), false));
            same("events", events, expectedEvents);
            events.clear();
            expectedEvents.clear();
            same("the line", line.snapshot(), reference.snapshot());
        } catch (Throwable t) {
            throw new AssertionError(
                    "operation " + number + " (" + operation + "): " + t.getMessage() + "; repeat it with -Dmodel.seed="
                            + seed,
                    t);
        }
    }

    /** Holds the lock, so that no alarm of the line hands over, on the timer's thread, what the clock has opened. */
    private void pass(long nanos) {
        line.lock.lock();
        try {
            clock.addAndGet(nanos);
            reference.pass(nanos);
            if (reference.openFloor()) {
                var unused = line.snapshot(); // as any call does, it hands over what the clock has opened
            }
        } finally {
            line.lock.unlock();
        }
    }

    private static void same(String what, @Nullable Object actual, @Nullable Object expected) {
        if (!Objects.equals(actual, expected)) {
            throw new AssertionError(what + ": expected " + expected + ", but was " + actual);
        }
    }

    private void operate() {
        if (random.nextInt(4) == 0) {
            refuseOrPause();
            return;
        }
        switch (random.nextInt(withThreads ? 24 : 19)) {
            case 0, 1 -> tryEnter();
            case 2, 3, 4 -> enterAsync();
            case 5, 6 -> callAsync();
            case 7, 8 -> completeFuture(any());
            case 9, 10, 11 -> close(any());
            case 12, 13 -> endWork(any());
            case 14, 15 -> moveLimit();
            case 16 -> setBounds();
            case 17 -> endPeriod();
            case 18 -> findLeaksOrClose();
            case 19, 20, 21 -> enterOnThread();
            case 22 -> interrupt();
            default -> interruptAndClose();
        }
    }

    /** Returns any caller, more often a recent one: the others have long left. */
    private ModelCaller any() {
        if (callers.isEmpty()) {
            return caller(Kind.TRY); // never enters, so its slot is never granted
        }
        int among = random.nextBoolean() ? Math.min(15, callers.size()) : callers.size();
        return callers.get(callers.size() - 1 - random.nextInt(among));
    }

    private ModelCaller caller(Kind kind) {
        ModelCaller caller = new ModelCaller(callers.size(), kind, new LineSlot(line));
        callers.add(caller);
        return caller;
    }

    private ModelCaller reactingCaller(Kind kind) {
        ModelCaller caller = caller(kind);
        if (random.nextInt(3) == 0) {
            caller.reaction = random.nextBoolean() ? Reaction.CLOSE_A_SLOT : Reaction.CANCEL_A_FUTURE;
            caller.target = random.nextInt(3) == 0 ? caller.id : caller.id + random.nextInt(9) - 4;
        }
        return caller;
    }

    private void tryEnter() {
        ModelCaller caller = caller(Kind.TRY);
        int way = random.nextInt(5);
        operation = "try to enter " + caller.id + ", way " + way;
        if (way == 0) {
            Thread.currentThread().interrupt();
            same("entered while interrupted", ModelCaller.outcome(() -> caller.slot.enter(LONG)), "interrupted");
            same("still interrupted", Thread.interrupted(), false);
            return;
        }
        boolean waits = way == 2 || way == 3;
        String expected = reference.enter(caller.id, waits).name();
        if (expected.equals(ReferenceLine.Entry.IN_LINE.name())) {
            reference.giveUp(caller.id, true);
            expected = ReferenceLine.Entry.TURNED_AWAY.name();
        }
        long nanos = new long[] {-1, 1, 100}[Math.min(way, 3) - 1];
        same(
                "entered",
                ModelCaller.outcome(() -> way == 4 ? line.tryEnter(caller.slot) : caller.slot.enter(nanos)),
                expected);
    }

    private void enterAsync() {
        ModelCaller caller = reactingCaller(Kind.SLOT_ASYNC);
        operation = "slotAsync " + caller.id + ", then " + caller.reaction + " " + caller.target;
        expectEntry(caller);
        CompletableFuture<Slot> future = caller.slot.enterAsync();
        caller.future = future;
        var unused = future.whenComplete((slot, failure) -> {
            if (slot == caller.slot) {
                events.add("granted " + caller.id);
                react(caller);
            } else if (failure instanceof GateClosedException) {
                events.add("refused " + caller.id);
            }
        });
    }

    private void callAsync() {
        ModelCaller caller = reactingCaller(Kind.CALL_ASYNC);
        operation = "callAsync " + caller.id + ", then " + caller.reaction + " " + caller.target;
        expectEntry(caller);
        Supplier<CompletableFuture<String>> work = () -> {
            events.add("granted " + caller.id);
            react(caller);
            return caller.stage;
        };
        CompletableFuture<String> result = AsyncCall.start(caller.slot.enterAsync(), slot -> work.get());
        caller.future = result;
        var unused = result.whenComplete((value, failure) -> {
            if (failure instanceof GateClosedException) {
                events.add("refused " + caller.id);
            }
        });
    }

    /**
     * Must be called before the line is: a caller that is admitted at once reacts before its future can be cancelled.
     */
    private void expectEntry(ModelCaller caller) {
        switch (reference.enter(caller.id, true)) {
            case HELD -> expectGrant(caller.id);
            case REFUSED -> expectRefusal(caller.id);
            default -> {}
        }
    }

    private void enterOnThread() {
        if (threadsInLine.size() >= MAX_THREADS) {
            return;
        }
        ModelCaller caller = caller(Kind.THREAD);
        boolean timed = random.nextBoolean();
        operation = "enter " + caller.id + " on a thread";
        ReferenceLine.Entry expected = reference.enter(caller.id, true);
        caller.enterOnThread(timed, LONG);
        switch (expected) {
            case HELD -> decide(caller, "granted");
            case REFUSED -> decide(caller, "refused");
            default -> awaitInLine(caller);
        }
    }

    /** Waits until the thread is in line; others may have left the line as it came. */
    private void awaitInLine(ModelCaller caller) {
        int waiting = reference.snapshot().waiting();
        Await.until("the callers in line", () -> line.snapshot().waiting() == waiting);
        Await.parked(caller.thread());
        threadsInLine.add(caller);
    }

    // What the reference expects of a caller.

    private void expectGrant(int id) {
        ModelCaller caller = callers.get(id);
        if (caller.blocks) {
            decide(caller, "granted");
        } else if (caller.resumesAsync) {
            caller.resumesAsync = false;
            expectedEvents.add("resumed " + id);
        } else if (!caller.completed) {
            caller.notified = true;
            caller.completed = caller.kind == Kind.SLOT_ASYNC;
            expectedEvents.add("granted " + id);
            expectReaction(caller);
        }
    }

    private void expectRefusal(int id) {
        ModelCaller caller = callers.get(id);
        if (caller.blocks) {
            decide(caller, "refused");
        } else if (caller.resumesAsync) {
            caller.resumesAsync = false;
            expectedEvents.add("refused " + id);
        } else {
            caller.completed = true;
            expectedEvents.add("refused " + id);
        }
    }

    private void expectClosed(int id) {
        ModelCaller caller = callers.get(id);
        if (caller.blocks) {
            decide(caller, "closed");
        } else {
            caller.resumesAsync = false;
            expectedEvents.add("closed " + id);
        }
    }

    private boolean reacts(ModelCaller caller) {
        return caller.reaction != Reaction.NONE && caller.target >= 0 && caller.target < callers.size();
    }

    private void expectReaction(ModelCaller caller) {
        if (reacts(caller)) {
            if (caller.reaction == Reaction.CLOSE_A_SLOT) {
                reference.giveBack(caller.target);
            } else {
                expectCompleted(callers.get(caller.target), false);
            }
        }
    }

    private void react(ModelCaller caller) {
        if (reacts(caller)) {
            ModelCaller target = callers.get(caller.target);
            if (caller.reaction == Reaction.CLOSE_A_SLOT) {
                target.slot.close();
            } else if (target.future != null) {
                target.future.cancel(true);
            }
        }
    }

    private void decide(ModelCaller caller, String end) {
        caller.expectedEnd = end;
        caller.blocks = false;
        threadsInLine.remove(caller);
        threadsDecided.add(caller);
    }

    private void completeFuture(ModelCaller caller) {
        operation = "complete the future of " + caller.id;
        CompletableFuture<?> future = caller.future;
        if (future != null) {
            int how = random.nextInt(3);
            switch (how) {
                case 0 -> future.cancel(false);
                case 1 -> future.completeExceptionally(new TimeoutException()); // as orTimeout does
                default -> future.complete(null);
            }
            expectCompleted(caller, how == 1 && caller.kind == Kind.SLOT_ASYNC);
        }
    }

    private void expectCompleted(ModelCaller caller, boolean late) {
        if (caller.future != null && !caller.completed) {
            caller.completed = true;
            if (caller.notified) {
                reference.giveBack(caller.id); // the work was cancelled
            } else if (reference.holds(caller.id)) {
                reference.abandon(caller.id); // not notified yet
            } else {
                reference.giveUp(caller.id, late);
            }
        }
    }

    /** Closes a slot, whether it is held, given back, in line, or was never entered. */
    private void close(ModelCaller caller) {
        operation = "close the slot of " + caller.id;
        caller.slot.close();
        reference.giveBack(caller.id);
    }

    private void endWork(ModelCaller caller) {
        operation = "end the work of " + caller.id;
        if (caller.kind == Kind.CALL_ASYNC && caller.notified && !caller.completed) {
            caller.stage.complete("done");
            caller.completed = true;
            reference.giveBack(caller.id);
        }
    }

    private void interrupt() {
        if (!threadsInLine.isEmpty()) {
            ModelCaller caller = threadsInLine.get(random.nextInt(threadsInLine.size()));
            operation = "interrupt " + caller.id;
            caller.thread().interrupt();
            reference.giveUp(caller.id, false);
            decide(caller, "interrupted");
        }
    }

    /** Gives a slot back after an interrupt has woken up a thread in line, and before the thread can leave the line. */
    private void interruptAndClose() {
        if (threadsInLine.isEmpty()) {
            return;
        }
        ModelCaller caller = threadsInLine.get(random.nextInt(threadsInLine.size()));
        ModelCaller leaving = any();
        LineFixture.interruptOvertakenBy(line, caller.thread(), () -> close(leaving));
        operation = "interrupt " + caller.id + " and close the slot of " + leaving.id;
        if (caller.expectedEnd == null) {
            reference.giveUp(caller.id, false);
            decide(caller, "interrupted");
        } else {
            caller.expectedEnd += ", interrupt pending";
        }
    }

    private void refuseOrPause() {
        ModelCaller caller = any();
        switch (random.nextInt(11)) {
            case 0 -> refuse(caller);
            case 1, 2 -> {
                refuse(caller);
                pause(caller);
            }
            case 3 -> pause(caller);
            case 4 -> pass(10 * SECOND + random.nextInt(1000));
            case 5, 6 -> endBackOff(caller);
            case 7 -> completeResumption(caller);
            case 8 -> resumeNow(caller);
            default -> resume(caller);
        }
    }

    private void refuse(ModelCaller caller) {
        operation = "refuse " + caller.id;
        long nanos = SECOND * (31 + random.nextInt(30));
        caller.slot.rateLimited(Duration.ofNanos(nanos));
        reference.refuse(caller.id, nanos);
    }

    private void pause(ModelCaller caller) {
        operation += ", pause " + caller.id;
        caller.slot.pause();
        reference.pause(caller.id);
    }

    private void resume(ModelCaller caller) {
        if (!reference.canResume(caller.id) || caller.blocks) {
            return;
        }
        if (random.nextInt(4) == 0 || reference.wouldBackOffBriefly(caller.id)) {
            pass(61 * SECOND); // past the end, so that no timer ends a back-off during the run
        }
        operation = "resume " + caller.id;
        if (withThreads && threadsInLine.size() < MAX_THREADS && random.nextBoolean()) {
            resumeOnThread(caller);
            return;
        }
        boolean resumedBefore = caller.resumesAsync;
        caller.resumesAsync = true; // callers that this admits may close its slot
        switch (reference.resume(caller.id)) {
            case HELD -> expectGrant(caller.id);
            case REFUSED -> expectRefusal(caller.id);
            case ILLEGAL -> {
                expectClosed(caller.id);
                caller.resumesAsync = resumedBefore;
            }
            default -> {}
        }
        CompletableFuture<Slot> resumption = caller.slot.resumeAsync();
        caller.resumption = caller.resumesAsync && !resumedBefore ? resumption : caller.resumption;
        var unused = resumption.whenComplete((slot, failure) -> {
            if (slot == caller.slot) {
                events.add("resumed " + caller.id);
            } else if (failure instanceof GateClosedException) {
                events.add("refused " + caller.id);
            } else if (failure instanceof IllegalStateException && !resumption.isCancelled()) {
                events.add("closed " + caller.id);
            }
        });
    }

    private void resumeNow(ModelCaller caller) {
        if (reference.canResume(caller.id)) {
            operation = "resume now " + caller.id;
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
            case HELD -> decide(caller, "granted");
            case REFUSED -> decide(caller, "refused");
            case ILLEGAL -> decide(caller, "closed");
            case IN_LINE -> awaitInLine(caller);
            default -> threadsInLine.add(caller);
        }
    }

    /** Does what the timer of the back-off does. */
    private void endBackOff(ModelCaller caller) {
        operation = "end the back-off of " + caller.id;
        if (reference.backsOff(caller.id)) {
            line.backOffEnded(Objects.requireNonNull(caller.slot.resumption));
            reference.backOffEnded(caller.id);
        }
    }

    private void completeResumption(ModelCaller caller) {
        operation = "complete the resumption of " + caller.id;
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

    private void moveLimit() {
        int cpuLimit = reference.snapshot().cpuLimit();
        int seen = random.nextInt(4) == 0 ? cpuLimit + random.nextInt(5) - 2 : cpuLimit;
        int wanted = random.nextInt(5) == 0 ? random.nextInt() : cpuLimit + random.nextInt(7) - 3;
        operation = "move the limit from " + seen + " to " + wanted;
        int limitBefore = reference.snapshot().limit();
        LimitMove move = line.endStep(seen, wanted, false);
        reference.moveLimit(seen, wanted);
        LineSnapshot after = reference.snapshot();
        same(
                "the move",
                move,
                new LimitMove(
                        cpuLimit,
                        after.cpuLimit(),
                        limitBefore,
                        move.limit(), // a session that was admitted may have paused already
                        move.apiCeiling(),
                        after.minSlots(),
                        after.maxSlots()));
    }

    private void setBounds() {
        int min = 1 + random.nextInt(5);
        int max = min + random.nextInt(7);
        operation = "bounds " + min + " to " + max;
        line.setBounds(min, max);
        reference.setBounds(min, max);
    }

    private void endPeriod() {
        operation = "end the period";
        same("the period", line.beginStep(true), reference.beginStep());
    }

    /** A search for leaks replaces the held slots by weak entries. */
    private void findLeaksOrClose() {
        if (random.nextInt(60) == 0) {
            closeLine();
            return;
        }
        operation = "find leaks, and ask whether the line is idle";
        if (leakNanos > 0) {
            pass(leakNanos + 1); // all held slots are overdue
        }
        Set<Throwable> overdue = new HashSet<>();
        for (ModelCaller caller : callers) {
            if (leakNanos > 0 && reference.holds(caller.id) && !caller.overdue) {
                caller.overdue = overdue.add(caller.slot.origin);
            }
        }
        SlotSet.Leaks leaks = line.findLeaks();
        same("collected", leaks.collected(), 0);
        same("overdue", leaks.overdue().stream().map(SlotSet.Overdue::origin).collect(Collectors.toSet()), overdue);
        boolean idle = reference.snapshot().inFlight() == 0;
        same("idle", ModelCaller.outcome(() -> line.awaitIdle(0)), idle ? "HELD" : "TURNED_AWAY");
    }

    private void closeLine() {
        operation = "close the line";
        line.close();
        reference.close();
    }
}
