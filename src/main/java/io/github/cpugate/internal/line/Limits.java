package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
import org.jspecify.annotations.Nullable;

/**
 * How many slots are allowed at once: the CPU limit, which the policy moves, or the API ceiling, whichever is lower,
 * and at least the floor, less those of its slots that are shut. Neither of the two depends on the other. Guarded by
 * the line's lock.
 */
final class Limits {

    // 1 <= minSlots <= cpuLimit <= maxSlots
    // allowed() >= minSlots, except while the API ceiling shuts slots of the floor
    private int minSlots;
    private int maxSlots;
    private int cpuLimit;
    private @Nullable ApiCeiling api; // null: the service has never refused

    private int limitAfterStep; // what the last step reported, within the present bounds; 0 before the first

    Limits(int minSlots, int maxSlots, int cpuLimit) {
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.cpuLimit = cpuLimit;
    }

    int minSlots() {
        return minSlots;
    }

    int maxSlots() {
        return maxSlots;
    }

    int cpuLimit() {
        return cpuLimit;
    }

    /** Slots allowed at once, at the time of the last {@link #advanceTo}. */
    int allowed() {
        return api == null ? cpuLimit : api.allowed(cpuLimit, minSlots);
    }

    /** Whether {@link #advanceTo} has slots to open. */
    boolean isFloorDue(long now) {
        return api != null && api.isFloorDue(now);
    }

    /** Opens the slots of the floor whose time has passed. Times may arrive out of order. */
    void advanceTo(long now) {
        if (api != null) {
            api.advanceTo(now);
        }
    }

    /**
     * Returns the time, in nanoseconds, until {@link #allowed} rises without a step; {@link Long#MAX_VALUE} if it will
     * not.
     */
    long nanosUntilFloorOpens(long now) {
        return api == null ? Long.MAX_VALUE : api.nanosUntilFloorOpens(minSlots, now);
    }

    /** The limit as users see it, which includes slots of the floor that are shut. */
    int limit() {
        return Math.max(minSlots, allowed());
    }

    /** The API ceiling, within the bounds. It is {@code maxSlots} if there is none. */
    int apiCeiling() {
        return api == null ? maxSlots : withinBounds(api.slots());
    }

    /** What holds back a caller that does not fit. */
    Bottleneck bottleneck() {
        return allowed() < cpuLimit ? Bottleneck.API : cpuLimit == maxSlots ? Bottleneck.MAX_SLOTS : Bottleneck.CPU;
    }

    void setBounds(int newMin, int newMax) {
        minSlots = newMin;
        maxSlots = newMax;
        cpuLimit = withinBounds(cpuLimit);
        limitAfterStep = limitAfterStep == 0 ? 0 : withinBounds(limitAfterStep);
    }

    /**
     * Moves the CPU limit to {@code wanted} if it still is {@code seen}, and lets the API ceiling make its step.
     *
     * @param ceilingReached whether callers ran into the API ceiling since the last step, and no cut drains
     * @param refused whether the service has refused since the last step
     */
    LimitMove step(int seen, int wanted, boolean ceilingReached, boolean refused, long now) {
        int cpuLimitBefore = cpuLimit;
        int limitBefore = refused && limitAfterStep > 0 ? limitAfterStep : limit();
        if (api != null) {
            api.step(now, ceilingReached, minSlots, maxSlots);
        }
        cpuLimit = cpuLimit == seen ? withinBounds(wanted) : cpuLimit;
        limitAfterStep = limit();
        return new LimitMove(cpuLimitBefore, cpuLimit, limitBefore, limitAfterStep, apiCeiling(), minSlots, maxSlots);
    }

    void admitted(LineSlot slot) {
        if (api != null) {
            api.admitted(slot);
        }
    }

    /** The session has joined the line again for its slot. */
    void resumes(LineSlot slot) {
        if (api != null) {
            api.resumes(slot);
        }
    }

    void gaveBack(LineSlot slot, long now) {
        if (api != null) {
            api.gaveBack(slot, minSlots, now);
        }
    }

    /** The service refused the slot's session, after {@code ended} sessions had ended. */
    void refused(LineSlot slot, int inFlight, long ended, long now, long nanos) {
        if (api == null) {
            api = new ApiCeiling(ended, now);
        }
        api.refused(slot, inFlight, minSlots, now, nanos);
    }

    private int withinBounds(int slots) {
        return Math.max(minSlots, Math.min(maxSlots, slots));
    }
}
