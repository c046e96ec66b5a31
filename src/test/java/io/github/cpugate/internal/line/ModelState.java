package io.github.cpugate.internal.line;

import io.github.cpugate.internal.line.ModelCaller.Kind;
import io.github.cpugate.internal.line.ModelCaller.Reaction;
import io.github.cpugate.testing.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A line and its reference on one clock, with their callers: what has become of each, and what the reference expects.
 */
final class ModelState {

    static final int MAX_THREADS = 12;

    final Random random;
    final long leakNanos;
    final WaitingLine line;
    final ReferenceLine reference;
    final List<ModelCaller> callers = new ArrayList<>();
    final List<String> events = new ArrayList<>();
    final List<String> expectedEvents = new ArrayList<>();
    final List<ModelCaller> threadsInLine = new ArrayList<>();
    String operation = "none";
    private final AtomicLong clock;
    private final List<ModelCaller> threadsDecided = new ArrayList<>();

    ModelState(long seed, Random random) {
        this.random = random;
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

    /** Holds the lock, so that no alarm of the line hands over, on the timer's thread, what the clock has opened. */
    void pass(long nanos) {
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

    static void same(String what, @Nullable Object actual, @Nullable Object expected) {
        if (!Objects.equals(actual, expected)) {
            throw new AssertionError(what + ": expected " + expected + ", but was " + actual);
        }
    }

    /** Compares the line with its reference after an operation: its callers, the events, and its state. */
    void compare() {
        for (ModelCaller caller : threadsDecided) {
            same("thread " + caller.id, caller.endOfThread(), caller.expectedEnd);
        }
        threadsDecided.clear();
        threadsInLine.forEach(caller -> same("thread " + caller.id + " has returned", caller.hasReturned(), false));
        same("events", events, expectedEvents);
        events.clear();
        expectedEvents.clear();
        same("the line", line.snapshot(), reference.snapshot());
    }

    /** Returns any caller, more often a recent one: the others have long left. */
    ModelCaller any() {
        if (callers.isEmpty()) {
            return caller(Kind.TRY); // never enters, so its slot is never granted
        }
        int among = random.nextBoolean() ? Math.min(15, callers.size()) : callers.size();
        return callers.get(callers.size() - 1 - random.nextInt(among));
    }

    ModelCaller caller(Kind kind) {
        ModelCaller caller = new ModelCaller(callers.size(), kind, new LineSlot(line));
        callers.add(caller);
        return caller;
    }

    /** Waits until the thread is in line; others may have left the line as it came. */
    void awaitInLine(ModelCaller caller) {
        int waiting = reference.snapshot().waiting();
        Await.until("the callers in line", () -> line.snapshot().waiting() == waiting);
        Await.parked(caller.thread());
        threadsInLine.add(caller);
    }

    void expectGrant(int id) {
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

    void expectRefusal(int id) {
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

    void expectClosed(int id) {
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

    void react(ModelCaller caller) {
        if (reacts(caller)) {
            ModelCaller target = callers.get(caller.target);
            if (caller.reaction == Reaction.CLOSE_A_SLOT) {
                target.slot.close();
            } else if (target.future != null) {
                target.future.cancel(true);
            }
        }
    }

    void decide(ModelCaller caller, String end) {
        caller.expectedEnd = end;
        caller.blocks = false;
        threadsInLine.remove(caller);
        threadsDecided.add(caller);
    }

    void expectCompleted(ModelCaller caller, boolean late) {
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
}
