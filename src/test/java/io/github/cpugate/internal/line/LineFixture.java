package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes lines for tests: by default with one slot of up to eight, on the JVM's clock, and with futures that are
 * completed on the calling thread. Its static methods take slots of a line, and check the line.
 */
public final class LineFixture {

    private int minSlots = 1;
    private int maxSlots = 8;
    private int limit = 1;
    private LongSupplier nanoClock = System::nanoTime;
    private long leakNanos; // off
    private int maxWaiting = Integer.MAX_VALUE;
    private @Nullable Executor completer = new Trampoline();

    private LineFixture() {}

    public static LineFixture line() {
        return new LineFixture();
    }

    /** Returns a line that has this limit, and the defaults otherwise. */
    public static WaitingLine lineOf(int limit) {
        return line().limit(limit).build();
    }

    public LineFixture limit(int slots) {
        limit = slots;
        return this;
    }

    public LineFixture bounds(int min, int max) {
        minSlots = min;
        maxSlots = max;
        return this;
    }

    public LineFixture clock(LongSupplier clock) {
        nanoClock = clock;
        return this;
    }

    public LineFixture leakWarning(long nanos) {
        leakNanos = nanos;
        return this;
    }

    public LineFixture maxWaiting(int callers) {
        maxWaiting = callers;
        return this;
    }

    /** Sets what completes futures; null for the line's own threads. */
    public LineFixture completer(@Nullable Executor executor) {
        completer = executor;
        return this;
    }

    public WaitingLine build() {
        WaitingLine line = new WaitingLine("test", minSlots, maxSlots, limit, maxWaiting, nanoClock, leakNanos);
        if (completer != null) {
            line.completeOn(completer);
        }
        return line;
    }

    /** Takes a slot, and waits in line until it is granted. */
    public static LineSlot take(WaitingLine line) throws InterruptedException {
        LineSlot slot = new LineSlot(line);
        slot.enter();
        return slot;
    }

    /** Takes a slot, and waits in line for at most {@code nanos}; returns null if it was not granted. */
    static @Nullable LineSlot takeWithin(WaitingLine line, long nanos) throws InterruptedException {
        LineSlot slot = new LineSlot(line);
        return slot.enter(nanos) ? slot : null;
    }

    /** Takes a slot without waiting; one must be free. */
    static LineSlot takeFree(WaitingLine line) {
        LineSlot slot = new LineSlot(line);
        if (!line.tryEnter(slot)) { // no AssertJ: Lincheck would search its schedules too
            throw new AssertionError("no slot is free");
        }
        return slot;
    }

    static LineSlot takeAndPause(WaitingLine line) {
        LineSlot slot = takeFree(line);
        slot.pause();
        return slot;
    }

    /** A paused slot that the service refused for a minute. The ceiling is not below the floor: others are admitted. */
    static Slot pausedAndRefused(WaitingLine line) {
        Slot slot = takeAndPause(line);
        slot.rateLimited(Duration.ofMinutes(1));
        return slot;
    }

    static CompletableFuture<Slot> enterAsync(WaitingLine line) {
        return new LineSlot(line).enterAsync();
    }

    /** Returns what has become of a caller that holds a future. */
    static String outcome(CompletableFuture<Slot> future) {
        if (!future.isDone()) {
            return "in line";
        }
        if (future.isCancelled()) {
            return "cancelled";
        }
        return future.isCompletedExceptionally() ? "refused" : "granted";
    }

    static void assertLine(WaitingLine line, int inFlight, int waiting) {
        assertThat(line.snapshot())
                .extracting(LineSnapshot::inFlight, LineSnapshot::waiting)
                .as("in flight, waiting")
                .containsExactly(inFlight, waiting);
    }

    /** Asserts that the slot is paused: it can be resumed, and is then held once. */
    static void assertPaused(WaitingLine line, Slot slot) {
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        assertThat(resumption).isCompletedWithValue(slot);
        assertLine(line, 1, 0);
        slot.close();
        assertLine(line, 0, 0);
        takeFree(line).close();
        assertLine(line, 0, 0);
    }

    /** Interrupts a thread in line, and runs the action after the thread woke up and before it can leave the line. */
    static void interruptOvertakenBy(WaitingLine line, Thread waiter, Runnable action) {
        line.lock.lock();
        try {
            waiter.interrupt();
            Await.until("the thread waits for the lock", () -> line.lock.hasQueuedThread(waiter));
            action.run();
        } finally {
            line.lock.unlock();
        }
    }
}
