package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.time.Duration;

/**
 * What one step of the governor saw and did. The gate makes a report at every step, whether the limit moved or not.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param gate the gate's name
 * @param elapsed time since the gate was built, on its monotonic clock
 * @param cpu the sample, raw and smoothed, in percent of the scope that it names
 * @param targetCpu the target, percent of the scope that {@code cpu} names
 * @param limitBefore slots allowed at once before the step: the CPU limit or the API ceiling, whichever is lower. If
 *     the service has refused since the last step, this is the limit after the last step, so that the fall shows here.
 *     If the bounds have moved since then, it is that limit brought within the new bounds, since a move by
 *     {@code setSlots} is not the step's
 * @param limitAfter slots allowed at once after the step
 * @param cpuLimit slots that the policy allows at once, after the step
 * @param apiCeiling slots that the service seems to allow at once, judged by its refusals, after the step;
 *     {@code maxSlots} if it has not refused, or not lately
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held when the step read the line
 * @param meanInFlight mean number of slots held since the last step that had a reading, weighted by time
 * @param waiting callers in line when the step read it
 * @param paused sessions that have paused their slot and do not hold it again; those that wait in line to resume count
 *     as {@code waiting} too
 * @param backingOff paused sessions that wait out the time for which the service asked
 * @param admitted slots granted to new sessions since the last step
 * @param resumed slots granted to sessions that resumed since the last step
 * @param timedOut callers that left the line since the last step because their time had passed
 * @param rejected callers turned away since the last step because the line was full
 * @param rateLimited refusals by the service since the last step, as sessions reported them
 * @param bottleneck what held callers in line back when the step read the line
 * @param heldBack how long each bottleneck held callers back since the last step
 * @param limitReached whether any caller was turned away or had to wait: because of the CPU limit, since the last step
 *     that had a reading, or because of the API ceiling, since the last step
 * @param reason why the step moved the limit, or held it
 * @param hostShare what the gate got of the CPU that it shares with other gates, at the last step that had a reading;
 *     {@link HostShare#ALONE} if it does not share
 */
public record StepReport(
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
        int paused,
        int backingOff,
        long admitted,
        long resumed,
        long timedOut,
        long rejected,
        long rateLimited,
        Bottleneck bottleneck,
        Bottleneck.Times heldBack,
        boolean limitReached,
        Reason reason,
        HostShare hostShare) {

    /** {@return whether the step moved the limit: {@code limitAfter} differs from {@code limitBefore}} */
    public boolean limitChanged() {
        return limitAfter != limitBefore;
    }
}
