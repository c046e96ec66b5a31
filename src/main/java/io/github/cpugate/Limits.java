package io.github.cpugate;

import io.github.cpugate.Binding.Side;
import org.jspecify.annotations.Nullable;

/**
 * How many slots are allowed at once: as many as the policy's limit, which goes by CPU, or as the API ceiling, if that
 * is lower. Neither of the two knows of the other. Guarded by the line's lock.
 */
final class Limits {

    // 1 <= minSlots <= limit <= maxSlots
    // allowed() is at least minSlots, save while the API ceiling keeps the floor free for a session that waits
    private int minSlots;
    private int maxSlots;
    private int limit;
    private @Nullable ApiCeiling api; // null: the service has never refused

    /** What became of the limit and of what is allowed, and the bounds. */
    record Move(
            int limitBefore, int limit, int allowedBefore, int allowed, int apiCeiling, int minSlots, int maxSlots) {

        /** The limit, as users are told it: see {@link LineReport#toldLimit()}. */
        int toldLimit() {
            return Math.max(minSlots, allowed);
        }

        int toldBefore() {
            return Math.max(minSlots, allowedBefore);
        }
    }

    Limits(int minSlots, int maxSlots, int limit) {
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.limit = limit;
    }

    int minSlots() {
        return minSlots;
    }

    int maxSlots() {
        return maxSlots;
    }

    int limit() {
        return limit;
    }

    int allowed() {
        return api == null ? limit : api.allowed(limit, minSlots);
    }

    /** The API ceiling, within the bounds; at {@code maxSlots} it may be that there is none. */
    int apiCeiling() {
        return api == null ? maxSlots : within(api.slots());
    }

    /** What a caller runs into who does not fit. */
    Side binding() {
        return allowed() < limit ? Side.API : limit == maxSlots ? Side.MAX_SLOTS : Side.CPU;
    }

    void setBounds(int newMin, int newMax) {
        minSlots = newMin;
        maxSlots = newMax;
        limit = within(limit);
    }

    /** Moves the limit from {@code seen}, if it still is there, and lets the API ceiling make its step. */
    Move step(int seen, int wanted, boolean ceilingReached, long now) {
        int limitBefore = limit;
        int allowedBefore = allowed();
        if (api != null) {
            api.step(now, ceilingReached, minSlots, maxSlots);
        }
        limit = limit == seen ? within(wanted) : limit;
        return new Move(limitBefore, limit, allowedBefore, allowed(), apiCeiling(), minSlots, maxSlots);
    }

    void admitted(Slot slot) {
        if (api != null) {
            api.admitted(slot);
        }
    }

    /** The slot's session asks for it again. */
    void resumes(Slot slot) {
        if (api != null && slot.retryAt != null) {
            api.isBack();
        }
    }

    void gaveBack(Slot slot, long now) {
        if (api != null) {
            api.leaves(slot, minSlots, now);
        }
    }

    /** The service refused the slot's session, after so many had ended. */
    void refused(Slot slot, int inFlight, long ended, long now, long nanos) {
        if (api == null) {
            api = new ApiCeiling(ended, now);
        }
        api.refused(slot, inFlight, now, nanos);
    }

    private int within(int slots) {
        return Math.max(minSlots, Math.min(maxSlots, slots));
    }
}
