package io.github.cpugate;

/**
 * How many sessions the service lets run at once, learned from its refusals alone: the gate's other controller, which
 * knows nothing of CPU. Knows no clock and no lock either; guarded by the line's.
 *
 * <p>Without a refusal there is no ceiling. A service does not tell where its limit is, nor when it moves, so there is
 * no way to find it but to run into it now and then; all here is to do so seldom.
 *
 * <ul>
 *   <li><b>A refusal is an event,</b> and others belong to it: those of requests that were sent before the gate had
 *       answered it, and those that come within the time for which the service asked. It is answered once. (TCP halves
 *       its window once for all segments lost of one flight: RFC 6582.)
 *   <li><b>Down at once,</b> to {@value #KEPT} of what was in flight when it was refused, not of what was allowed (as
 *       RFC 5681 has it). One that comes right after a raise just takes the raise back, and within an event what runs
 *       is what fits: nobody more is let in, as long as newcomers are refused.
 *   <li><b>Up by one slot a step,</b> after the time for which the service asked, if callers ran into the ceiling and
 *       nobody was refused since the last step. (Additive increase, multiplicative decrease: D.-M. Chiu and R. Jain,
 *       1989.)
 *   <li><b>Beyond what was refused last, only on credit.</b> Each {@value #SESSIONS_A_PROBE} sessions that end without
 *       a refusal earn one that may be risked, so that in the long run one in {@value #SESSIONS_A_PROBE} fails for it.
 *       What was earned in good times, up to {@value #MOST_CREDIT}, lets the gate look eagerly whether a bad one is
 *       over; without credit it looks once a minute.
 * </ul>
 */
final class ApiCeiling {

    static final int NONE = Integer.MAX_VALUE;

    private static final double KEPT = 0.7;
    private static final int SESSIONS_A_PROBE = 50;
    private static final double MOST_CREDIT = 8;
    private static final long PROBE_AT_LATEST_NANOS = 60_000_000_000L;

    /** May be below the floor, down to 0: more than the service takes, as far as is known, is the floor's own risk. */
    private int ceiling = NONE;

    private int events; // so far; numbers them
    private long eventUntil;
    private long heldUntil; // no raise before
    private boolean refused; // since the last step
    private boolean raised; // by the last step
    private int refusedAt = NONE; // so many in flight were too many
    private double credit;

    private boolean quiet; // until a session that waits out its time is back
    private long quietUntil; // or else, then

    /** A ceiling that no refusal has lowered yet, after so many sessions without one. */
    ApiCeiling(long sessions, long now) {
        this.credit = Math.min(MOST_CREDIT, (double) sessions / SESSIONS_A_PROBE);
        this.eventUntil = now;
        this.heldUntil = now;
    }

    int slots() {
        return ceiling;
    }

    /** Slots allowed at once, of those that the CPU's side allows. */
    int allowed(int limit, int minSlots) {
        return Math.max(quiet ? 0 : minSlots, Math.min(limit, ceiling));
    }

    /**
     * The slot's request is sent from now on: if it is refused, that does not belong to the last event, unless soon.
     */
    void admitted(Slot slot) {
        slot.event = events;
        slot.retryAt = null;
    }

    /** The request of a session was refused, for so many nanoseconds. In flight are the slots held, with its own. */
    void refused(Slot slot, int inFlight, long now, long nanos) {
        boolean sentSince = slot.event == events;
        refused = true;
        heldUntil = later(heldUntil, now + nanos);
        if (sentSince) {
            lower(inFlight, now, now + nanos);
        }
        slot.retryAt = now + nanos;
        slot.event = events; // its next request is sent from now on
    }

    private void lower(int inFlight, long now, long until) {
        int before = Math.min(ceiling, inFlight);
        ceiling = Math.min(ceiling, inFlight - 1);
        refusedAt = ceiling + 1;
        if (raised) {
            credit = Math.max(0, credit - 1);
        } else if (now - eventUntil >= 0) {
            ceiling = Math.min(ceiling, (int) (KEPT * before));
        } else {
            return; // of this event
        }
        raised = false;
        eventUntil = until;
        events++;
    }

    /**
     * A session closed its slot, or paused. If it is to wait out its time, and even the floor is refused, then nobody
     * is let in on the floor meanwhile: they would be refused, one after the other.
     */
    void leaves(Slot slot, int minSlots, long now) {
        Long retryAt = slot.retryAt;
        if (retryAt == null) {
            credit = Math.min(MOST_CREDIT, credit + (slot.closed ? 1.0 / SESSIONS_A_PROBE : 0));
        } else if (!slot.closed && ceiling < minSlots && retryAt - now > 0) {
            quietUntil = quiet && quietUntil - retryAt < 0 ? quietUntil : retryAt;
            quiet = true;
        }
    }

    /** A session that waited out its time asks for its slot. */
    void isBack() {
        quiet = false;
    }

    /**
     * A governor's step: may raise the ceiling by a slot.
     *
     * @param reached whether callers ran into this ceiling since the last step, and no cut drains
     */
    void step(long now, boolean reached, int minSlots, int maxSlots) {
        boolean calm = !refused && now - heldUntil >= 0;
        refused = false;
        raised = false;
        quiet = quiet && now - quietUntil < 0;
        if (ceiling == NONE || !calm || !reached || quiet) {
            return;
        }
        int next = Math.max(ceiling, minSlots) + 1;
        if (next >= refusedAt) {
            if (credit < 1 && now - heldUntil < PROBE_AT_LATEST_NANOS) {
                return;
            }
            refusedAt = next;
        }
        ceiling = next < maxSlots ? next : NONE;
        raised = true;
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
