package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.ModelState.same;

import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.internal.line.ModelCaller.Kind;
import io.github.cpugate.internal.line.ModelCaller.Reaction;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Makes random operations, which follow from a seed, on a line and on its reference, and compares the two. */
final class ModelRun {

    private static final long LONG = 300_000_000_000L;

    private final long seed;
    private final boolean withThreads;
    private final Random random;
    private final ModelState state;
    private final WaitingLine line;
    private final ReferenceLine reference;
    private final ModelPauses pauses;

    ModelRun(long seed, boolean withThreads) {
        this.seed = seed;
        this.withThreads = withThreads;
        this.random = new Random(seed * 2_654_435_761L + (withThreads ? 1 : 0));
        this.state = new ModelState(seed, random);
        this.line = state.line;
        this.reference = state.reference;
        this.pauses = new ModelPauses(state, withThreads);
    }

    void run(int operations) {
        for (int i = 0; i < operations; i++) {
            runCompared(i, this::operate);
        }
        while (reference.snapshot().inFlight() > 0) {
            runCompared(
                    operations,
                    () -> state.callers.forEach(this::close)); // callers in line are granted slots meanwhile
        }
        same("slots held in the end", line.snapshot().inFlight(), 0);
        runCompared(operations, this::closeLine);
        same("callers in line in the end", line.snapshot().waiting(), 0);
    }

    private void runCompared(int number, Runnable step) {
        try {
            // The lines are not compared before the operation, which itself must account for this time.
            if (random.nextBoolean()) {
                state.pass(random.nextInt(1000));
            }
            step.run();
            state.compare();
        } catch (Throwable t) {
            throw new AssertionError(
                    "operation " + number + " (" + state.operation + "): " + t.getMessage()
                            + "; repeat it with -Dmodel.seed=" + seed,
                    t);
        }
    }

    private void operate() {
        if (random.nextInt(4) == 0) {
            pauses.refuseOrPause();
            return;
        }
        switch (random.nextInt(withThreads ? 24 : 19)) {
            case 0, 1 -> tryEnter();
            case 2, 3, 4 -> enterAsync();
            case 5, 6 -> callAsync();
            case 7, 8 -> completeFuture(state.any());
            case 9, 10, 11 -> close(state.any());
            case 12, 13 -> endWork(state.any());
            case 14, 15 -> moveLimit();
            case 16 -> setBounds();
            case 17 -> endPeriod();
            case 18 -> findLeaksOrClose();
            case 19, 20, 21 -> enterOnThread();
            case 22 -> interrupt();
            default -> interruptAndClose();
        }
    }

    private ModelCaller reactingCaller(Kind kind) {
        ModelCaller caller = state.caller(kind);
        if (random.nextInt(3) == 0) {
            caller.reaction = random.nextBoolean() ? Reaction.CLOSE_A_SLOT : Reaction.CANCEL_A_FUTURE;
            caller.target = random.nextInt(3) == 0 ? caller.id : caller.id + random.nextInt(9) - 4;
        }
        return caller;
    }

    private void tryEnter() {
        ModelCaller caller = state.caller(Kind.TRY);
        int way = random.nextInt(5);
        state.operation = "try to enter " + caller.id + ", way " + way;
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
        state.operation = "slotAsync " + caller.id + ", then " + caller.reaction + " " + caller.target;
        expectEntry(caller);
        CompletableFuture<Slot> future = caller.slot.enterAsync();
        caller.future = future;
        var unused = future.whenComplete((slot, failure) -> {
            if (slot == caller.slot) {
                state.events.add("granted " + caller.id);
                state.react(caller);
            } else if (failure instanceof GateClosedException) {
                state.events.add("refused " + caller.id);
            }
        });
    }

    private void callAsync() {
        ModelCaller caller = reactingCaller(Kind.CALL_ASYNC);
        state.operation = "callAsync " + caller.id + ", then " + caller.reaction + " " + caller.target;
        expectEntry(caller);
        Supplier<CompletableFuture<String>> work = () -> {
            state.events.add("granted " + caller.id);
            state.react(caller);
            return caller.stage;
        };
        CompletableFuture<String> result = AsyncCall.start(caller.slot.enterAsync(), slot -> work.get());
        caller.future = result;
        var unused = result.whenComplete((value, failure) -> {
            if (failure instanceof GateClosedException) {
                state.events.add("refused " + caller.id);
            }
        });
    }

    /**
     * Must be called before the line is: a caller that is admitted at once reacts before its future can be cancelled.
     */
    private void expectEntry(ModelCaller caller) {
        switch (reference.enter(caller.id, true)) {
            case HELD -> state.expectGrant(caller.id);
            case REFUSED -> state.expectRefusal(caller.id);
            default -> {}
        }
    }

    private void enterOnThread() {
        if (state.threadsInLine.size() >= ModelState.MAX_THREADS) {
            return;
        }
        ModelCaller caller = state.caller(Kind.THREAD);
        boolean timed = random.nextBoolean();
        state.operation = "enter " + caller.id + " on a thread";
        ReferenceLine.Entry expected = reference.enter(caller.id, true);
        caller.enterOnThread(timed, LONG);
        switch (expected) {
            case HELD -> state.decide(caller, "granted");
            case REFUSED -> state.decide(caller, "refused");
            default -> state.awaitInLine(caller);
        }
    }

    private void completeFuture(ModelCaller caller) {
        state.operation = "complete the future of " + caller.id;
        CompletableFuture<?> future = caller.future;
        if (future != null) {
            int how = random.nextInt(3);
            switch (how) {
                case 0 -> future.cancel(false);
                case 1 -> future.completeExceptionally(new TimeoutException()); // as orTimeout does
                default -> future.complete(null);
            }
            state.expectCompleted(caller, how == 1 && caller.kind == Kind.SLOT_ASYNC);
        }
    }

    /** Closes a slot, whether it is held, given back, in line, or was never entered. */
    private void close(ModelCaller caller) {
        state.operation = "close the slot of " + caller.id;
        caller.slot.close();
        reference.giveBack(caller.id);
    }

    private void endWork(ModelCaller caller) {
        state.operation = "end the work of " + caller.id;
        if (caller.kind == Kind.CALL_ASYNC && caller.notified && !caller.completed) {
            caller.stage.complete("done");
            caller.completed = true;
            reference.giveBack(caller.id);
        }
    }

    private void interrupt() {
        if (!state.threadsInLine.isEmpty()) {
            ModelCaller caller = state.threadsInLine.get(random.nextInt(state.threadsInLine.size()));
            state.operation = "interrupt " + caller.id;
            caller.thread().interrupt();
            reference.giveUp(caller.id, false);
            state.decide(caller, "interrupted");
        }
    }

    /** Gives a slot back after an interrupt has woken up a thread in line, and before the thread can leave the line. */
    private void interruptAndClose() {
        if (state.threadsInLine.isEmpty()) {
            return;
        }
        ModelCaller caller = state.threadsInLine.get(random.nextInt(state.threadsInLine.size()));
        ModelCaller leaving = state.any();
        LineFixture.interruptOvertakenBy(line, caller.thread(), () -> close(leaving));
        state.operation = "interrupt " + caller.id + " and close the slot of " + leaving.id;
        if (caller.expectedEnd == null) {
            reference.giveUp(caller.id, false);
            state.decide(caller, "interrupted");
        } else {
            caller.expectedEnd += ", interrupt pending";
        }
    }

    private void moveLimit() {
        int cpuLimit = reference.snapshot().cpuLimit();
        int seen = random.nextInt(4) == 0 ? cpuLimit + random.nextInt(5) - 2 : cpuLimit;
        int wanted = random.nextInt(5) == 0 ? random.nextInt() : cpuLimit + random.nextInt(7) - 3;
        state.operation = "move the limit from " + seen + " to " + wanted;
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
        state.operation = "bounds " + min + " to " + max;
        line.setBounds(min, max);
        reference.setBounds(min, max);
    }

    private void endPeriod() {
        state.operation = "end the period";
        same("the period", line.beginStep(true), reference.beginStep());
    }

    /** A search for leaks replaces the held slots by weak entries. */
    private void findLeaksOrClose() {
        if (random.nextInt(60) == 0) {
            closeLine();
            return;
        }
        state.operation = "find leaks, and ask whether the line is idle";
        if (state.leakNanos > 0) {
            state.pass(state.leakNanos + 1); // all held slots are overdue
        }
        Set<Throwable> overdue = new HashSet<>();
        for (ModelCaller caller : state.callers) {
            if (state.leakNanos > 0 && reference.holds(caller.id) && !caller.overdue) {
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
        state.operation = "close the line";
        line.close();
        reference.close();
    }
}
