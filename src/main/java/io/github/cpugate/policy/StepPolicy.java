package io.github.cpugate.policy;

/**
 * Decides the next limit, once a step. A policy uses no clock, no lock and no I/O.
 *
 * <p>A user's own policy is one method:
 *
 * <pre>{@code
 * StepPolicy halving = seen -> {
 *     double cpu = seen.cpu().smoothed();
 *     if (cpu > seen.targetCpu()) {
 *         return seen.inFlight() > seen.limit()
 *                 ? seen.hold(Reason.DRAINING)
 *                 : new Decision(seen.limit() / 2, Reason.OVER_TARGET);
 *     }
 *     if (cpu < 0.8 * seen.targetCpu()) {
 *         return seen.limitReached() ? seen.moveBy(+1, Reason.HEADROOM) : seen.hold(Reason.NO_DEMAND);
 *     }
 *     return seen.hold(Reason.IN_BAND);
 * };
 * }</pre>
 *
 * <p>A policy may keep state: one instance serves one gate, and the gate calls it from one thread at a time, with a
 * happens-before edge from each call to the next.
 */
@FunctionalInterface
public interface StepPolicy {

    /**
     * Decides the next limit. Runs on the governor thread, or on the thread that calls {@code step()}; it must not
     * block.
     *
     * <p>If it throws or returns null, the gate holds its limit, logs that once and asks again at the next step. If it
     * has not returned after 5 to 15 s, the gate logs that once, with the stack. Until it returns, the gate's steps
     * have no decision and hold the limit.
     *
     * @param seen the state of the gate and what happened since the last step; always with a valid reading
     * @return the next limit and why; the gate replaces a limit outside its bounds by the nearest bound
     */
    Decision decide(StepInput seen);

    /**
     * Returns the default policy: one slot fewer above the target, one more below 0.8 × target. It does not grow
     * without demand, nor shrink while an earlier cut drains. A limit that is above the number of sessions in flight
     * falls to one slot fewer than that number.
     *
     * @return a stateless policy; gates may share an instance
     */
    static OneSlotPolicy oneSlot() {
        return OneSlotPolicy.CONDITIONAL;
    }

    /**
     * Returns a policy that brings CPU to the target in a few steps, on a machine of any size. It learns the cost per
     * slot, and grows by most of the predicted headroom until CPU is near the target. From then on it moves the limit
     * by a part of the error: by a fifth if CPU has been on one side of the target for some steps, by much less if CPU
     * swings around it. It grows only while there is demand.
     *
     * <p>With many slots {@link #oneSlot()} takes minutes to reach the target, and it rests up to a fifth below it.
     * This policy avoids both. The price is that less CPU is left when other processes suddenly need it.
     *
     * <p>It is made for samples that include the JVM's own CPU, as {@link io.github.cpugate.cpu.CpuSampler#ofHost()}
     * returns them; without own CPU it takes longer to reach the target. It handles sessions that use CPU only after a
     * dead time of up to six periods.
     *
     * @return a new, stateful policy; use it for one gate only
     */
    static StepPolicy headroom() {
        return new HeadroomPolicy();
    }
}
