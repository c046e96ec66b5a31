package io.github.cpugate.internal.share;

/**
 * What a gate tells its peers at a step. CPU is in percent of the scope.
 *
 * @param target the target
 * @param own CPU of the gate's sessions since the last step; {@code NaN} if unknown
 * @param smoothed the same, smoothed
 * @param granted CPU that its sessions use once every slot that it grants is in use and each cut has drained
 * @param slotCost CPU of one slot
 * @param inFlight mean number of slots held since the last step
 * @param limit slots
 * @param hungry whether callers wait for CPU
 * @param atFloor whether the limit is {@code minSlots}
 */
public record GateState(
        double target,
        double own,
        double smoothed,
        double granted,
        double slotCost,
        double inFlight,
        int limit,
        boolean hungry,
        boolean atFloor) {

    private static final double SAME_TARGET = 0.5; // points

    boolean hasTarget(double other) {
        return Math.abs(target - other) <= SAME_TARGET;
    }

    boolean isOwnKnown() {
        return !Double.isNaN(own) && !Double.isNaN(smoothed); // a record may have one of them
    }

    /** Returns this state after a step that has moved the limit. */
    GateState withLimit(int slots, int minSlots) {
        return new GateState(
                target,
                own,
                smoothed,
                slotCost * slotsInUse(slots),
                slotCost,
                inFlight,
                slots,
                hungry,
                slots <= minSlots);
    }

    private double slotsInUse(int limit) {
        return hungry ? limit : Math.min(limit, inFlight);
    }

    /** Returns this state with CPU estimated from the slots in flight, given the raw and smoothed CPU of one slot. */
    GateState bySlots(double raw, double smoothedCpu) {
        return new GateState(
                target,
                raw * inFlight,
                smoothedCpu * inFlight,
                smoothedCpu * slotsInUse(limit),
                smoothedCpu,
                inFlight,
                limit,
                hungry,
                atFloor);
    }
}
