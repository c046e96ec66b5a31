package io.github.cpugate.internal.governor;

import io.github.cpugate.GateSnapshot;
import io.github.cpugate.HostShare;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.internal.line.LimitMove;
import io.github.cpugate.internal.line.LineSnapshot;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Puts together what users see of a gate from what its parts have seen. */
final class GateReports {

    private final String gate;
    private final LongSupplier nanoClock;
    private final long startedAt;

    GateReports(String gate, LongSupplier nanoClock) {
        this.gate = gate;
        this.nanoClock = nanoClock;
        this.startedAt = nanoClock.getAsLong();
    }

    /** The report of a step that saw the line as {@code seen}, and moved the limits as {@code move} says. */
    StepReport step(
            CpuSample cpu, double target, LineSnapshot seen, Decision decision, LimitMove move, HostShare share) {
        return new StepReport(
                gate,
                Duration.ofNanos(nanoClock.getAsLong() - startedAt),
                cpu,
                target,
                move.limitBefore(),
                move.limit(),
                move.cpuLimit(),
                move.apiCeiling(),
                move.minSlots(),
                move.maxSlots(),
                seen.inFlight(),
                seen.meanInFlight(),
                seen.waiting(),
                seen.paused(),
                seen.backingOff(),
                seen.sinceStep().admitted(),
                seen.sinceStep().resumed(),
                seen.sinceStep().timedOut(),
                seen.sinceStep().rejected(),
                seen.sinceStep().refused(),
                seen.bottleneck(),
                seen.sinceStep().heldBack(),
                seen.limitReached() || seen.ceilingReached(),
                reason(decision, seen, move),
                share);
    }

    private static Reason reason(Decision decision, LineSnapshot seen, LimitMove move) {
        boolean cpuMoved = move.cpuLimit() != move.cpuLimitBefore();
        boolean moved = move.limit() != move.limitBefore();
        if (moved && (!cpuMoved || move.limit() < move.cpuLimit())) {
            return Reason.RATE_LIMITED;
        }
        int wanted = decision.limit();
        if (wanted != seen.cpuLimit() && seen.cpuLimit() == move.cpuLimitBefore() && !cpuMoved) {
            return wanted < seen.cpuLimit() ? Reason.AT_FLOOR : Reason.AT_CEILING;
        }
        boolean rateLimited = decision.reason() == Reason.NO_DEMAND && seen.ceilingReached();
        return rateLimited ? Reason.RATE_LIMITED : decision.reason();
    }

    /** The state of the gate whose line is as {@code now} says. */
    GateSnapshot snapshot(LineSnapshot now, double targetCpu, CpuSample cpu, HostShare share) {
        return new GateSnapshot(
                gate,
                now.limit(),
                now.cpuLimit(),
                now.apiCeiling(),
                now.minSlots(),
                now.maxSlots(),
                now.inFlight(),
                now.waiting(),
                now.paused(),
                now.backingOff(),
                now.totals().admitted(),
                now.totals().resumed(),
                now.totals().timedOut(),
                now.totals().rejected(),
                now.totals().refused(),
                now.bottleneck(),
                now.totals().heldBack(),
                targetCpu,
                cpu,
                now.closed(),
                share);
    }
}
