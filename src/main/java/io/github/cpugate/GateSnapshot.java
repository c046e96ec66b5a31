package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;

/**
 * A gate at one moment. All but {@code targetCpu} and {@code cpu} is of the same moment; {@code cpu} is the last sample
 * taken, and may be that of a step under way.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param gate the gate's name
 * @param limit slots allowed at once
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held; above {@code limit} while a cut drains
 * @param waiting callers in line
 * @param admitted slots granted since the gate was built
 * @param timedOut callers who left the line since then because their time had passed
 * @param targetCpu the target, percent of the scope that {@code cpu} tells
 * @param cpu the last sample, with its health; {@link CpuSample#starting()} before the first
 * @param closed whether the gate has been closed
 */
public record GateSnapshot(
        String gate,
        int limit,
        int minSlots,
        int maxSlots,
        int inFlight,
        int waiting,
        long admitted,
        long timedOut,
        double targetCpu,
        CpuSample cpu,
        boolean closed) {

    static GateSnapshot of(String gate, WaitingLine.Report line, double targetCpu, CpuSample cpu) {
        return new GateSnapshot(
                gate,
                line.limit(),
                line.minSlots(),
                line.maxSlots(),
                line.inFlight(),
                line.waiting(),
                line.admitted(),
                line.timedOut(),
                targetCpu,
                cpu,
                line.closed());
    }
}
