package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;

/**
 * What one governor step saw and did. Made at every step, whether the limit moved or not.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param gate the gate's name
 * @param elapsed time since the gate was built, on its monotonic clock
 * @param cpu the sample, raw and smoothed, percent of the scope that it tells
 * @param targetCpu the target, percent of the scope that {@code cpu} tells
 * @param limitBefore slots allowed at once before the step, by CPU, or by the API ceiling if that is lower; if the
 *     service has refused since the last step, those that were allowed after that one
 * @param limitAfter slots allowed at once after it
 * @param cpuLimit slots that the policy allows at once, by CPU, after the step
 * @param apiCeiling slots that the service seems to allow at once, by its refusals, after the step; {@code maxSlots} if
 *     it has not refused, or not lately
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held when the step looked
 * @param meanInFlight slots held on average since the last step that had a reading, weighted by time
 * @param waiting callers in line when the step looked
 * @param admitted slots granted since the last step
 * @param timedOut callers who left the line since the last step because their time had passed
 * @param rateLimited refusals by the service since the last step, as callers told them
 * @param binding what callers in line were held back by when the step looked, and for how long since the last step
 * @param limitReached whether any caller was refused or had to stand in line since the last step that had a reading
 * @param reason why the limit moved, or was held
 */
public record Observation(
        String gate,
        Duration elapsed,
        CpuSample cpu,
        double targetCpu,
        int limitBefore,
        int limitAfter,
        int cpuLimit,
        int apiCeiling,
        int minSlots,
        int maxSlots,
        int inFlight,
        double meanInFlight,
        int waiting,
        long admitted,
        long timedOut,
        long rateLimited,
        Binding binding,
        boolean limitReached,
        Reason reason) {

    /**
     * Tells whether the step moved the limit.
     *
     * @return {@code true} if {@code limitAfter} is not {@code limitBefore}
     */
    public boolean limitChanged() {
        return limitAfter != limitBefore;
    }
}
