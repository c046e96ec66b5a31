package io.github.cpugate;

/** Told of every step. */
@FunctionalInterface
public interface GateListener {

    /**
     * Called after each step, with no lock held that callers of the gate need; so it may read the gate's
     * {@link AdaptiveCpuGate#snapshot()}, change its target, or close it. It may not call {@code adjust()}, nor wait
     * for a thread that does, and a slot that it waits for may never come.
     *
     * <p>Runs on the governor's thread, or on that of whoever calls {@code adjust()}; for one gate never twice at once,
     * and in the order of the steps. It should be brief: the next step waits for it, callers of the gate do not. One
     * that has not returned for 5 to 15 s is left out until it has, and misses the steps meanwhile. What it throws goes
     * to the log, once, and nowhere else.
     *
     * @param step what the step saw and did
     */
    void onStep(Observation step);
}
