package io.github.cpugate.testing;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for a state, never for a time. The deadline only ends a test that would hang. */
public final class Await {

    public static final Duration DEADLINE = Duration.ofSeconds(Integer.getInteger("await.seconds", 20));

    private Await() {}

    public static void until(String state, BooleanSupplier reached) {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not reached: " + state);
            }
            Thread.onSpinWait();
        }
    }

    /** Waits until the thread is parked, with a time limit or without. */
    public static void parked(Thread thread) {
        until(
                thread + " is parked",
                () -> thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING);
    }
}
