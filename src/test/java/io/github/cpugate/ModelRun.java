package io.github.cpugate;

import io.github.cpugate.ModelGuest.Kind;
import io.github.cpugate.ModelGuest.Reaction;
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
import org.jspecify.annotations.Nullable;

/** One run of random operations on a line and on its reference. Everything in it follows from the seed. */
final class ModelRun {

    private static final long LONG = 300_000_000_000L;
    private static final int MOST_THREADS = 12;
    private static final long SECOND = 1_000_000_000L;

    private final long seed;
    private final boolean withThreads;
    private final Random random;
    private final AtomicLong clock;
    private final long leakNanos;
    private final WaitingLine line;
    private final ReferenceLine reference;
    private final List<ModelGuest> guests = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private final List<String> expectedEvents = new ArrayList<>();
    private final List<ModelGuest> threadsInLine = new ArrayList<>();
    private final List<ModelGuest> threadsDecided = new ArrayList<>();
    private String operation = "none";

    ModelRun(long seed, boolean withThreads) {
        this.seed = seed;
        this.withThreads = withThreads;
        this.random = new Random(seed * 2_654_435_761L + (withThreads ? 1 : 0));
        this.clock = new AtomicLong(Long.MAX_VALUE - random.nextInt(20_000)); // may wrap round
        int min = 1 + random.nextInt(3);
        int max = min + random.nextInt(6);
        int limit = min + random.nextInt(max - min + 1);
        this.leakNanos = seed % 10 == 0 ? 5000 : 0; // each slot takes its time while it is on
        this.line = new WaitingLine("model", min, max, limit, clock::get, leakNanos, new CallingThread());
        this.reference = new ReferenceLine(
                min,
                max,
                limit,
                clock.get(),
                new ReferenceLine.Told(this::expectGrant, this::expectRefusal, this::expectClosed));
    }

    void make(int operations) {
        for (int i = 0; i < operations; i++) {
            compared(i, this::operate);
        }
        while (reference.report().inFlight() > 0) {
            compared(operations, () -> guests.forEach(this::close)); // who is in line, is granted a slot meanwhile
        }
        same("slots held in the end", line.report().inFlight(), 0);
        compared(operations, this::closeLine);
        same("callers in line in the end", line.report().waiting(), 0);
    }

    private void compared(int number, Runnable step) {
        try {
            if (random.nextBoolean()) { // not compared before the step: to count the time is up to the step
                pass(random.nextInt(1000));
            }
            step.run();
            for (ModelGuest guest : threadsDecided) {
                same("thread " + guest.id, guest.endOfThread(), guest.end);
            }
            threadsDecided.clear();
            threadsInLine.forEach(guest -> same("thread " + guest.id + " has left the line", guest.isGone(), false));
            same("events", events, expectedEvents);
            events.clear();
            expectedEvents.clear();
            same("the line", line.report(), reference.report());
        } catch (Throwable t) {
            throw new AssertionError(
                    "operation " + number + " (" + operation + "): " + t.getMessage() + "; try it with -Dmodel.seed="
                            + seed,
                    t);
        }
    }

    private void pass(long nanos) {
        clock.addAndGet(nanos);
        reference.pass(nanos);
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
            case 0, 1 -> enterForAMoment();
            case 2, 3, 4 -> enterAsync();
            case 5, 6 -> callAsync();
            case 7, 8 -> completeOutside(any());
            case 9, 10, 11 -> close(any());
            case 12, 13 -> endStage(any());
            case 14, 15 -> moveLimit();
            case 16 -> setBounds();
            case 17 -> endPeriod();
            case 18 -> lookOrClose();
            case 19, 20, 21 -> enterOnAThread();
            case 22 -> interrupt();
            default -> interruptAndClose();
        }
    }

    /** Anybody, but rather one who came lately: the others are long gone. */
    private ModelGuest any() {
        if (guests.isEmpty()) {
            return guest(Kind.MOMENT); // never enters: its slot is never granted
        }
        int among = random.nextBoolean() ? Math.min(15, guests.size()) : guests.size();
        return guests.get(guests.size() - 1 - random.nextInt(among));
    }

    private ModelGuest guest(Kind kind) {
        ModelGuest guest = new ModelGuest(guests.size(), kind, new Slot(line));
        guests.add(guest);
        return guest;
    }

    private ModelGuest reactingGuest(Kind kind) {
        ModelGuest guest = guest(kind);
        if (random.nextInt(3) == 0) {
            guest.reaction = random.nextBoolean() ? Reaction.CLOSE_A_SLOT : Reaction.CANCEL_A_FUTURE;
            guest.target = random.nextInt(3) == 0 ? guest.id : guest.id + random.nextInt(9) - 4;
        }
        return guest;
    }

    private void enterForAMoment() {
        ModelGuest guest = guest(Kind.MOMENT);
        int way = random.nextInt(5);
        operation = "enter " + guest.id + " for a moment, way " + way;
        if (way == 0) {
            Thread.currentThread().interrupt();
            same("entered when interrupted", ModelGuest.entry(() -> line.enter(guest.slot, LONG)), "interrupted");
            same("still interrupted", Thread.interrupted(), false);
            return;
        }
        boolean waits = way == 2 || way == 3;
        String expected = reference.enter(guest.id, waits).name();
        if (expected.equals(ReferenceLine.Entry.IN_LINE.name())) {
            reference.giveUp(guest.id, true);
            expected = ReferenceLine.Entry.TURNED_AWAY.name();
        }
        long nanos = new long[] {-1, 1, 100}[Math.min(way, 3) - 1];
        same(
                "entered",
                ModelGuest.entry(() -> way == 4 ? line.tryEnter(guest.slot) : line.enter(guest.slot, nanos)),
                expected);
    }

    private void enterAsync() {
        ModelGuest guest = reactingGuest(Kind.SLOT);
        operation = "slotAsync " + guest.id + ", then " + guest.reaction + " " + guest.target;
        expectEntry(guest);
        CompletableFuture<Slot> future = line.enterAsync(guest.slot);
        guest.future = future;
        var unused = future.whenComplete((slot, failure) -> {
            if (slot == guest.slot) {
                events.add("granted " + guest.id);
                react(guest);
            } else if (failure instanceof GateClosedException) {
                events.add("refused " + guest.id);
            }
        });
    }

    private void callAsync() {
        ModelGuest guest = reactingGuest(Kind.CALL);
        operation = "callAsync " + guest.id + ", then " + guest.reaction + " " + guest.target;
        expectEntry(guest);
        Supplier<CompletableFuture<String>> work = () -> {
            events.add("granted " + guest.id);
            react(guest);
            return guest.stage;
        };
        CompletableFuture<String> result = AsyncCall.start(line.enterAsync(guest.slot), work);
        guest.future = result;
        var unused = result.whenComplete((value, failure) -> {
            if (failure instanceof GateClosedException) {
                events.add("refused " + guest.id);
            }
        });
    }

    /** To be called first: who is admitted at once reacts before it has a future to be cancelled by. */
    private void expectEntry(ModelGuest guest) {
        switch (reference.enter(guest.id, true)) {
            case HELD -> expectGrant(guest.id);
            case REFUSED -> expectRefusal(guest.id);
            default -> {}
        }
    }

    private void enterOnAThread() {
        if (threadsInLine.size() >= MOST_THREADS) {
            return;
        }
        ModelGuest guest = guest(Kind.THREAD);
        boolean timed = random.nextBoolean();
        operation = "enter " + guest.id + " on a thread";
        ReferenceLine.Entry expected = reference.enter(guest.id, true);
        guest.blockOnAThread(line, expected == ReferenceLine.Entry.IN_LINE, timed, LONG);
        switch (expected) {
            case HELD -> decide(guest, "granted");
            case REFUSED -> decide(guest, "refused");
            default -> threadsInLine.add(guest);
        }
    }

    // What the reference expects of a guest.

    private void expectGrant(int id) {
        ModelGuest guest = guests.get(id);
        if (guest.onThread) {
            decide(guest, "granted");
        } else if (guest.resumes) {
            guest.resumes = false;
            expectedEvents.add("resumed " + id);
        } else if (!guest.settled) {
            guest.told = true;
            guest.settled = guest.kind == Kind.SLOT;
            expectedEvents.add("granted " + id);
            expectReaction(guest);
        }
    }

    private void expectRefusal(int id) {
        ModelGuest guest = guests.get(id);
        if (guest.onThread) {
            decide(guest, "refused");
        } else if (guest.resumes) {
            guest.resumes = false;
            expectedEvents.add("refused " + id);
        } else {
            guest.settled = true;
            expectedEvents.add("refused " + id);
        }
    }

    private void expectClosed(int id) {
        ModelGuest guest = guests.get(id);
        if (guest.onThread) {
            decide(guest, "closed");
        } else {
            guest.resumes = false;
            expectedEvents.add("closed " + id);
        }
    }

    private boolean reacts(ModelGuest guest) {
        return guest.reaction != Reaction.NONE && guest.target >= 0 && guest.target < guests.size();
    }

    private void expectReaction(ModelGuest guest) {
        if (reacts(guest)) {
            if (guest.reaction == Reaction.CLOSE_A_SLOT) {
                reference.leave(guest.target);
            } else {
                expectCompletedOutside(guests.get(guest.target), false);
            }
        }
    }

    private void react(ModelGuest guest) {
        if (reacts(guest)) {
            ModelGuest target = guests.get(guest.target);
            if (guest.reaction == Reaction.CLOSE_A_SLOT) {
                target.slot.close();
            } else if (target.future != null) {
                target.future.cancel(true);
            }
        }
    }

    private void decide(ModelGuest guest, String end) {
        guest.end = end;
        guest.onThread = false;
        threadsInLine.remove(guest);
        threadsDecided.add(guest);
    }

    private void completeOutside(ModelGuest guest) {
        operation = "complete the future of " + guest.id;
        CompletableFuture<?> future = guest.future;
        if (future != null) {
            int how = random.nextInt(3);
            switch (how) {
                case 0 -> future.cancel(false);
                case 1 -> future.completeExceptionally(new TimeoutException()); // as orTimeout does
                default -> future.complete(null);
            }
            expectCompletedOutside(guest, how == 1 && guest.kind == Kind.SLOT);
        }
    }

    private void expectCompletedOutside(ModelGuest guest, boolean late) {
        if (guest.future != null && !guest.settled) {
            guest.settled = true;
            if (guest.told) {
                reference.leave(guest.id); // the stage was cancelled
            } else if (reference.holds(guest.id)) {
                reference.pause(guest.id); // it was not told yet
            } else {
                reference.giveUp(guest.id, late);
            }
        }
    }

    /** Closes a slot, be it held, given back before, in line, or never asked for. */
    private void close(ModelGuest guest) {
        operation = "close the slot of " + guest.id;
        guest.slot.close();
        reference.leave(guest.id);
    }

    private void endStage(ModelGuest guest) {
        operation = "end the stage of " + guest.id;
        if (guest.kind == Kind.CALL && guest.told && !guest.settled) {
            guest.stage.complete("done");
            guest.settled = true;
            reference.leave(guest.id);
        }
    }

    private void interrupt() {
        if (!threadsInLine.isEmpty()) {
            ModelGuest guest = threadsInLine.get(random.nextInt(threadsInLine.size()));
            operation = "interrupt " + guest.id;
            guest.thread().interrupt();
            reference.giveUp(guest.id, false);
            decide(guest, "interrupted");
        }
    }

    /** Gives a slot back after a thread in line was woken by an interrupt, and before it can see what is up. */
    private void interruptAndClose() {
        if (threadsInLine.isEmpty()) {
            return;
        }
        ModelGuest guest = threadsInLine.get(random.nextInt(threadsInLine.size()));
        Thread thread = guest.thread();
        ModelGuest leaving = any();
        line.lock.lock();
        try {
            thread.interrupt();
            Await.until("it wants to give up", () -> line.lock.hasQueuedThread(thread));
            close(leaving);
        } finally {
            line.lock.unlock();
        }
        operation = "interrupt " + guest.id + " and close the slot of " + leaving.id;
        if (guest.end == null) {
            reference.giveUp(guest.id, false);
            decide(guest, "interrupted");
        } else {
            guest.end += ", interrupt pending";
        }
    }

    private void refuseOrPause() {
        ModelGuest guest = any();
        switch (random.nextInt(10)) {
            case 0 -> refuse(guest);
            case 1, 2 -> {
                refuse(guest);
                pause(guest);
            }
            case 3 -> pause(guest);
            case 4 -> pass(10 * SECOND + random.nextInt(1000));
            case 5, 6 -> rested(guest);
            case 7 -> completeResumptionOutside(guest);
            default -> resume(guest);
        }
    }

    private void refuse(ModelGuest guest) {
        operation = "refuse " + guest.id;
        long nanos = SECOND * (31 + random.nextInt(30));
        guest.slot.rateLimited(Duration.ofNanos(nanos));
        reference.refuse(guest.id, nanos);
    }

    private void pause(ModelGuest guest) {
        operation += ", pause " + guest.id;
        guest.slot.pause();
        reference.pause(guest.id);
    }

    private void resume(ModelGuest guest) {
        if (!reference.canResume(guest.id) || guest.onThread) {
            return;
        }
        if (random.nextInt(4) == 0 || reference.wouldRestBriefly(guest.id)) {
            pass(61 * SECOND); // no rest ends by itself
        }
        operation = "resume " + guest.id;
        if (withThreads && threadsInLine.size() < MOST_THREADS && random.nextBoolean()) {
            resumeOnAThread(guest);
            return;
        }
        boolean resumed = guest.resumes;
        guest.resumes = true; // others whom this admits may close its slot
        switch (reference.resume(guest.id)) {
            case HELD -> expectGrant(guest.id);
            case REFUSED -> expectRefusal(guest.id);
            case ILLEGAL -> {
                expectClosed(guest.id);
                guest.resumes = resumed;
            }
            default -> {}
        }
        CompletableFuture<Slot> back = guest.slot.resumeAsync();
        guest.back = guest.resumes && !resumed ? back : guest.back;
        var unused = back.whenComplete((slot, failure) -> {
            if (slot == guest.slot) {
                events.add("resumed " + guest.id);
            } else if (failure instanceof GateClosedException) {
                events.add("refused " + guest.id);
            } else if (failure instanceof IllegalStateException && !back.isCancelled()) {
                events.add("closed " + guest.id);
            }
        });
    }

    private void resumeOnAThread(ModelGuest guest) {
        ReferenceLine.Entry expected = reference.resume(guest.id);
        guest.resumeOnAThread(line, expected);
        switch (expected) {
            case HELD -> decide(guest, "granted");
            case REFUSED -> decide(guest, "refused");
            case ILLEGAL -> decide(guest, "closed");
            default -> threadsInLine.add(guest);
        }
    }

    /** As the timer does. */
    private void rested(ModelGuest guest) {
        operation = "end the rest of " + guest.id;
        if (reference.rests(guest.id)) {
            line.rested(Objects.requireNonNull(guest.slot.resumption));
            reference.rested(guest.id);
        }
    }

    private void completeResumptionOutside(ModelGuest guest) {
        operation = "complete the resumption of " + guest.id;
        if (guest.back != null) {
            boolean late = random.nextBoolean();
            if (late) {
                guest.back.completeExceptionally(new TimeoutException());
            } else {
                guest.back.cancel(false);
            }
            if (guest.resumes) {
                guest.resumes = false;
                reference.giveUp(guest.id, late);
            }
        }
    }

    private void moveLimit() {
        int limit = reference.report().limit();
        int seen = random.nextInt(4) == 0 ? limit + random.nextInt(5) - 2 : limit;
        int wanted = random.nextInt(5) == 0 ? random.nextInt() : limit + random.nextInt(7) - 3;
        operation = "move the limit from " + seen + " to " + wanted;
        int allowed = reference.allowed();
        Limits.Move move = line.step(seen, wanted);
        reference.moveLimit(seen, wanted);
        LineReport after = reference.report();
        same(
                "the move",
                move,
                new Limits.Move(
                        limit,
                        after.limit(),
                        allowed,
                        move.allowed(), // who was admitted may have paused already
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
        same("the period", line.endPeriod(), reference.endPeriod());
    }

    /** Looking for leaks leaves the line with just traces of the slots that are held. */
    private void lookOrClose() {
        if (random.nextInt(60) == 0) {
            closeLine();
            return;
        }
        operation = "look for leaks, and for a moment without a held slot";
        if (leakNanos > 0) {
            pass(leakNanos + 1); // all that are held are overdue
        }
        Set<HeldSlots.Origin> overdue = new HashSet<>();
        for (ModelGuest guest : guests) {
            if (leakNanos > 0 && reference.holds(guest.id) && !guest.overdue) {
                guest.overdue = overdue.add(guest.slot.origin);
            }
        }
        HeldSlots.Leaks leaks = line.findLeaks();
        same("collected", leaks.collected, 0);
        same("overdue", new HashSet<>(leaks.overdue), overdue);
        boolean idle = reference.report().inFlight() == 0;
        same("idle", ModelGuest.entry(() -> line.awaitIdle(0)), idle ? "HELD" : "TURNED_AWAY");
    }

    private void closeLine() {
        operation = "close the line";
        line.close();
        reference.close();
    }
}
