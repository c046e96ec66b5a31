package io.github.cpugate;

/**
 * Decides the next limit, once a step. It knows no clock, no lock and no I/O.
 *
 * <p>A policy of one's own is one method:
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
 *         return seen.limitReached() ? seen.moveBy(+1, Reason.HEADROOM) : seen.hold(Reason.NOT_BINDING);
 *     }
 *     return seen.hold(Reason.IN_BAND);
 * };
 * }</pre>
 *
 * <p>A policy may remember what it has learned: one instance serves one gate, and is called by one thread at a time
 * with a happens-before edge from each call to the next.
 */
@FunctionalInterface
public interface StepPolicy {

    /**
     * Decides. Runs on the governor's thread, or on that of whoever calls {@code adjust()}; it must not block. If it
     * throws or returns null, or has not returned for 5 to 15 s, the gate holds its limit, says so once in the log, and
     * asks again at the next step.
     *
     * @param seen what was observed; always with a valid reading
     * @return the next limit and why; a limit out of the gate's bounds is taken as the nearest bound
     */
    Decision decide(StepInput seen);

    /**
     * Returns the default: one slot fewer above the target, one more below 0.8 × target, and only while the limit
     * binds.
     *
     * @return a stateless policy; instances may be shared
     */
    static OneSlotPolicy oneSlot() {
        return OneSlotPolicy.WHILE_BINDING;
    }

    /**
     * Returns a policy that takes the whole target, in a few steps, on a machine of any size: it learns what a slot
     * costs, shrinks by what is too much and grows by a part of what is left, and only while the limit binds.
     *
     * <p>With many slots {@link #oneSlot()} takes minutes to arrive, and it rests up to a fifth below the target. This
     * one does neither; it leaves less CPU unused for when others want it all of a sudden.
     *
     * <p>It is made for samples that tell the JVM's own CPU, as {@link io.github.cpugate.cpu.CpuSampler#ofHost()} gives
     * them; without, it is slower to arrive. It copes with sessions that cost only after some time, up to six periods.
     *
     * @return a new policy, which remembers: for one gate
     */
    static StepPolicy headroom() {
        return new HeadroomPolicy();
    }
}
