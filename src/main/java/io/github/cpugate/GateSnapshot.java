package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;

/**
 * A gate at one moment. All but {@code targetCpu} and {@code cpu} is of the same moment; {@code cpu} is the last sample
 * taken, and may be that of a step under way.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param gate the gate's name
 * @param limit slots allowed at once: as many as {@code cpuLimit}, or as {@code apiCeiling} if that is lower. At
 *     {@code minSlots}, some may be kept free for sessions that the service refused and that wait out their time
 * @param cpuLimit slots that the policy allows at once, by CPU
 * @param apiCeiling slots that the service seems to allow at once, by its refusals; {@code maxSlots} if it has not
 *     refused, or not lately
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held; above {@code limit} while a cut drains
 * @param waiting callers in line
 * @param admitted slots granted since the gate was built
 * @param timedOut callers who left the line since then because their time had passed
 * @param rateLimited refusals by the service since then, as callers told them
 * @param binding what callers in line are held back by, and for how long since then
 * @param targetCpu the target, percent of the scope that {@code cpu} tells
 * @param cpu the last sample, with its health; {@link CpuSample#starting()} before the first
 * @param closed whether the gate has been closed
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
        long admitted,
        long timedOut,
        long rateLimited,
        Binding binding,
        double targetCpu,
        CpuSample cpu,
        boolean closed) {

    static GateSnapshot of(String gate, LineReport line, double targetCpu, CpuSample cpu) {
        return new GateSnapshot(
                gate,
                line.toldLimit(),
                line.limit(),
                line.apiCeiling(),
                line.minSlots(),
                line.maxSlots(),
                line.inFlight(),
                line.waiting(),
                line.totals().admitted(),
                line.totals().timedOut(),
                line.totals().refused(),
                line.totals().binding(line.binding()),
                targetCpu,
                cpu,
                line.closed());
    }
}
