package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;

/**
 * The state of a gate at one moment. All components but {@code targetCpu}, {@code cpu} and {@code hostShare} belong to
 * the same moment. These three are read separately: {@code targetCpu} is the target as last set, and the other two may
 * already be those of a step under way.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param gate the gate's name
 * @param limit slots allowed at once: {@code cpuLimit} or {@code apiCeiling}, whichever is lower. If the service
 *     refuses even {@code minSlots} sessions, fewer may be admitted for a while
 * @param cpuLimit slots that the policy allows at once
 * @param apiCeiling slots that the service seems to allow at once, judged by its refusals; {@code maxSlots} if it has
 *     not refused, or not lately
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held; above {@code limit} while a cut drains
 * @param waiting callers in line
 * @param paused sessions that have paused their slot and do not hold it again; those that wait in line to resume count
 *     as {@code waiting} too
 * @param backingOff paused sessions that wait out the time for which the service asked
 * @param admitted slots granted to new sessions since the gate was built
 * @param resumed slots granted to sessions that resumed since then
 * @param timedOut callers that left the line since then because their time had passed
 * @param rejected callers turned away since then because the line was full
 * @param rateLimited refusals by the service since then, as sessions reported them
 * @param bottleneck what holds callers in line back
 * @param heldBack how long each bottleneck has held callers back since the gate was built
 * @param targetCpu the target, percent of the scope that {@code cpu} names
 * @param cpu the last sample, with its health; {@link CpuSample#starting()} before the first
 * @param closed whether the gate has been closed
 * @param hostShare what the gate got, at the last step that had a reading, of the CPU that it shares with other gates;
 *     {@link HostShare#ALONE} if it does not share
 */
public record GateSnapshot(
        String gate,
        int limit,
        int cpuLimit,
        int apiCeiling,
        int minSlots,
        int maxSlots,
        int inFlight,
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
        double targetCpu,
        CpuSample cpu,
        boolean closed,
        HostShare hostShare) {}
