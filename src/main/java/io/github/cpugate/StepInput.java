package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;

/**
 * What a {@link StepPolicy} decides on: the gate as it stands, and what happened since the last step.
 *
 * <p>The gate makes it. The test of a policy may as well; components may be added to the record.
 *
 * @param cpu a sample with a valid reading ({@link CpuSample#isOk()}): without one, a policy is not asked
 * @param targetCpu the target, percent of the scope that {@code cpu} tells
 * @param limit slots allowed at once, as far as this policy goes; fewer are if the API ceiling is lower
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held now; above {@code limit} while a cut drains
 * @param meanInFlight slots held on average since the last step that had a reading, weighted by time
 * @param waiting callers in line now
 * @param limitReached whether any caller was sent away or had to stand in line for this limit, not for the API ceiling,
 *     since the last step that had a reading
 */
public record StepInput(
        CpuSample cpu,
        double targetCpu,
        int limit,
        int minSlots,
        int maxSlots,
        int inFlight,
        double meanInFlight,
        int waiting,
        boolean limitReached) {

    /**
     * Returns the decision to leave the limit as it is.
     *
     * @param reason why
     * @return the decision
     */
    public Decision hold(Reason reason) {
        return new Decision(limit, reason);
    }

    /**
     * Returns the decision to move the limit.
     *
     * @param slots slots to add; negative to take away
     * @param reason why
     * @return the decision
     */
    public Decision moveBy(int slots, Reason reason) {
        return new Decision(
                (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, (long) limit + slots)), reason);
    }
}
