package io.github.cpugate;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Told of every step, and if it likes of the gate's start, of every wait, and of the gate's end. */
@FunctionalInterface
public interface GateListener {

    /**
     * Called once when the gate makes its first step, before it has a reading, on the thread that makes it; of a gate
     * that is closed without a step, before its end. What it throws goes to the log, once, and nowhere else.
     *
     * @param now the gate's {@link AdaptiveCpuGate#snapshot()}, for who looks in between steps; to keep it does not
     *     keep the gate, which may still be found to be garbage
     */
    default void onStart(Supplier<GateSnapshot> now) {}

    /**
     * Called after each step, with no lock held that callers of the gate need; so it may read the gate's
     * {@link AdaptiveCpuGate#snapshot()}, change its target, or close it. It may not call {@code adjust()}, nor wait
     * for a thread that does, and a slot that it waits for may never come.
     *
     * <p>Runs on the governor's thread, or on that of whoever calls {@code adjust()}; for one gate never twice at once,
     * and in the order of the steps. It should be brief: the next step waits for it, callers of the gate do not. One
     * that has not returned for 2 to 4 s is left out until it has, and misses the steps meanwhile. What it throws goes
     * to the log, once, and nowhere else.
     *
     * @param step what the step saw and did
     */
    void onStep(Observation step);

    /**
     * Called when a caller has to stand in line, on its thread; who gets a slot at once does not wait, and who resumes
     * one is not told of. It must not block: that is a caller of the gate. What it throws goes to the log, once, and
     * nowhere else.
     *
     * @return who is to be told how the wait ended; {@code null}, as by default, if that is not of interest
     */
    default @Nullable Wait onWait() {
        return null;
    }

    /**
     * Called once after the gate was closed, or found to be garbage, on the thread that made its last step;
     * {@link AdaptiveCpuGate#close()} waits for it, a second at most. Steps made by hand on a closed gate are told
     * later than this.
     */
    default void onClose() {}
}
