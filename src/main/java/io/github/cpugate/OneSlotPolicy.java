package io.github.cpugate;

/**
 * One slot at a time, fast to shrink and cautious to grow.
 *
 * <ul>
 *   <li>smoothed CPU above the target: one slot fewer, never below the floor;
 *   <li>smoothed CPU below 0.8 × target: one slot more, never above the ceiling;
 *   <li>in between: hold. The dead band keeps the limit from hunting around the target.
 * </ul>
 *
 * <p>And the limit moves only while it binds. It does not grow if nobody ran into it since the last step: the limit of
 * an idle gate would climb to its ceiling, and the next burst would be admitted whole. It does not shrink while more
 * sessions are in flight than it allows: the last cut has not taken effect yet, and cutting on would take the limit to
 * the floor on the evidence of sessions that are leaving anyway. (Congestion control knows the first half as congestion
 * window validation, RFC 7661.)
 *
 * <p>Immutable.
 */
public final class OneSlotPolicy implements StepPolicy {

    /** The limit grows only below this share of the target. */
    static final double GROW_BELOW = 0.8;

    static final OneSlotPolicy WHILE_BINDING = new OneSlotPolicy(true);
    private static final OneSlotPolicy UNCONDITIONAL = new OneSlotPolicy(false);

    private final boolean onlyWhileBinding;

    private OneSlotPolicy(boolean onlyWhileBinding) {
        this.onlyWhileBinding = onlyWhileBinding;
    }

    /**
     * Returns the plain rule, which moves the limit whether it binds or not.
     *
     * @return the policy without the binding rule
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
        if (onlyWhileBinding && seen.inFlight() > seen.limit()) {
            return seen.hold(Reason.DRAINING);
        }
        if (seen.limit() <= seen.minSlots()) {
            return seen.hold(Reason.AT_FLOOR);
        }
        return seen.moveBy(-1, Reason.OVER_TARGET);
    }

    private Decision grow(StepInput seen) {
        if (onlyWhileBinding && !seen.limitReached()) {
            return seen.hold(Reason.NOT_BINDING);
        }
        if (seen.limit() >= seen.maxSlots()) {
            return seen.hold(Reason.AT_CEILING);
        }
        return seen.moveBy(+1, Reason.HEADROOM);
    }

    @Override
    public String toString() {
        return onlyWhileBinding ? "oneSlot" : "oneSlot.unconditional";
    }
}
