package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;

/**
 * A gate at one moment. {@code limit}, bounds, {@code inFlight}, {@code waiting} and {@code closed} are of the same
 * moment; {@code cpu} is the last sample taken, and may be that of a step under way.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param gate the gate's name
 * @param limit slots allowed at once
 * @param minSlots the lowest limit
 * @param maxSlots the highest limit
 * @param inFlight slots held; above {@code limit} while a cut drains
 * @param waiting callers in line
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
                targetCpu,
                cpu,
                line.closed());
    }
}
