package io.github.cpugate;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Receives the reports of a gate's steps and, if it overrides the other methods, the gate's start, each wait in line,
 * and the gate's end.
 *
 * <p><b>Threads.</b> The gate calls {@code onStart}, {@code onStep} and {@code onClose} on its dispatcher thread, from
 * a bounded queue, one event after the other and one listener after the other. So a listener never delays a step or the
 * log, but it delays the other listeners. On a {@link AdaptiveCpuGate.Builder#manual() manual} gate, and for steps by
 * hand on a closed one, these calls run on the thread that calls {@code step()} or {@code close()}. These three are
 * never called by two threads at once, and what one call does happens-before the next. {@code onWait} and
 * {@code Wait.ended} run on the threads of callers, at any time, also before {@code onStart}.
 *
 * <p><b>Faults.</b> An exception that a listener throws is logged once, and changes nothing else. If {@code onStart},
 * {@code onStep} or {@code onClose} does not return, a gate that is not manual logs that and goes on, but no other
 * listener is called until that call returns or the gate is closed; steps that no longer fit into the queue are dropped
 * and counted, and the count is logged.
 *
 * <p>A listener may read the gate's {@link AdaptiveCpuGate#snapshot()}, change its target or close it. It must not call
 * {@code step()}, and must not wait for a slot of its own gate.
 */
@FunctionalInterface
public interface GateListener {

    /**
     * Called once, before {@code onStep} and {@code onClose}. The gate may not have a CPU reading yet.
     *
     * @param now returns the gate's current {@link AdaptiveCpuGate#snapshot()}, for a listener that reads it between
     *     steps. A reference to it does not keep the gate from being garbage-collected
     */
    default void onStart(Supplier<GateSnapshot> now) {}

    /**
     * Called after each step, unless the queue is full.
     *
     * @param step what the step saw and did
     */
    void onStep(StepReport step);

    /**
     * Called on a caller's thread when that caller has to wait in line. A caller that receives a slot at once does not
     * wait, and a session that resumes its slot is not reported. This method must not block, since it delays a caller
     * of the gate.
     *
     * @return an object to call when the wait has ended; {@code null}, which is the default, if that is not of interest
     */
    default @Nullable Wait onWait() {
        return null;
    }

    /**
     * Called once when the gate has been closed or, unless it is manual, garbage-collected. After it, {@code onStep} is
     * called only for steps that are made by hand on the closed gate. {@link AdaptiveCpuGate#close()} waits up to a
     * second for it, on a manual gate as long as it takes. If another listener hangs, this one is called all the same,
     * on a thread of its own.
     */
    default void onClose() {}
}
