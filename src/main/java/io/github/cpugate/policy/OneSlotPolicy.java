package io.github.cpugate.policy;

/**
 * Moves the limit by one slot a step, fast to shrink and cautious to grow.
 *
 * <ul>
 *   <li>smoothed CPU above the target: one slot fewer, never below {@code minSlots};
 *   <li>smoothed CPU below 0.8 × target: one slot more, never above {@code maxSlots};
 *   <li>in between: hold. The dead band keeps the limit from hunting around the target.
 * </ul>
 *
 * <p>The limit moves only while it has an effect:
 *
 * <ul>
 *   <li>It does not grow if no caller ran into it since the last step: otherwise the limit of an idle gate would climb
 *       to {@code maxSlots}, and the gate would admit the whole next burst. (Congestion control calls this congestion
 *       window validation, RFC 7661.)
 *   <li>It does not shrink while more sessions are in flight than it allows: the last cut has not taken effect yet, and
 *       further cuts would take the limit to the floor on the evidence of sessions that are leaving anyway.
 *   <li>A limit above the number of sessions in flight falls at once to one slot fewer than are in flight, now or on
 *       average since the last step, whichever is more. A cut that left it above that number would have no effect. (TCP
 *       reduces its window from the flight size, RFC 5681.) If no session is in flight now, and less than one was on
 *       average, the limit falls by one slot, since sessions then use hardly any of the CPU.
 * </ul>
 *
 * <p>Immutable and thread-safe.
 */
public final class OneSlotPolicy implements StepPolicy {

    /** The limit grows only below this share of the target. */
    static final double GROW_BELOW = 0.8;

    static final OneSlotPolicy CONDITIONAL = new OneSlotPolicy(true);
    private static final OneSlotPolicy UNCONDITIONAL = new OneSlotPolicy(false);

    private final boolean conditional;

    private OneSlotPolicy(boolean conditional) {
        this.conditional = conditional;
    }

    /**
     * Returns the rule without its three conditions, so that the limit grows even without demand, shrinks even while a
     * cut drains, and always moves by one slot.
     *
     * @return the unconditional policy
     */
    public OneSlotPolicy unconditional() {
        return UNCONDITIONAL;
    }

    @Override
    public Decision decide(StepInput seen) {
        double cpu = seen.cpu().smoothed();
        if (cpu > seen.targetCpu()) {
            return shrink(seen);
        }
        if (cpu < GROW_BELOW * seen.targetCpu()) {
            return grow(seen);
        }
        return seen.hold(Reason.IN_BAND);
    }

    private Decision shrink(StepInput seen) {
        if (conditional && seen.inFlight() > seen.limit()) {
            return seen.hold(Reason.DRAINING);
        }
        if (seen.limit() <= seen.minSlots()) {
            return seen.hold(Reason.AT_FLOOR);
        }
        int cutFrom = conditional ? seen.slotsInUse() : seen.limit();
        return new Decision(Math.max(seen.minSlots(), cutFrom - 1), Reason.OVER_TARGET);
    }

    private Decision grow(StepInput seen) {
        if (conditional && !seen.limitReached()) {
            return seen.hold(Reason.NO_DEMAND);
        }
        if (seen.limit() >= seen.maxSlots()) {
            return seen.hold(Reason.AT_CEILING);
        }
        return seen.moveBy(+1, Reason.HEADROOM);
    }

    @Override
    public String toString() {
        return conditional ? "oneSlot" : "oneSlot.unconditional";
    }
}
