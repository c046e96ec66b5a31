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
 *   <li><b>Beyond what was refused last, at a risk,</b> and so seldom: {@value #STEPS_SOON} steps after an event, then
 *       every {@value #STEPS_USUALLY}. While fewer run than before the service's limit fell, the fall may be over: the
 *       more are missing, the sooner it is tried, every {@value #STEPS_SOON} steps if nearly all are. Each
 *       {@value #SESSIONS_A_PROBE} sessions that end without a refusal earn one such probe, so that in the long run one
 *       in {@value #SESSIONS_A_PROBE} fails for it. What is not needed in good times is kept for bad ones; when it is
 *       used up, the gate looks every {@value #STEPS_WITHOUT_CREDIT} steps whether they are over.
 *   <li><b>Back by half of the way a step</b> to what ran before the fall, once a probe has held: the service is
 *       another then, and what it took before is the best guess. (Binary increase: L. Xu, K. Harfoush and I. Rhee,
 *       2004.)
 * </ul>
 */
final class ApiCeiling {

    static final int NONE = Integer.MAX_VALUE;

    private static final double KEPT = 0.7;
    private static final int STEPS_USUALLY = 90;
    private static final int STEPS_SOON = 4;
    private static final int STEPS_WITHOUT_CREDIT = 20;
    private static final int SESSIONS_A_PROBE = 50;
    private static final double FIRST_CREDIT = 12; // probes
    private static final double MOST_CREDIT = 24;

    /** May be below the floor, down to 0: more than the service takes, as far as is known, is the floor's own risk. */
    private int ceiling = NONE;

    private int ran; // at once, before the service's limit fell; at least
    private int refusedAt = NONE; // so many in flight were too many
    private double credit;
    private int stepsSinceTry; // or since an event
    private int stepsToProbe = STEPS_SOON; // from there; unless fewer run than before a fall

    private int events; // so far; numbers them
    private long eventUntil;
    private long heldUntil; // no raise before
    private boolean refused; // since the last step
    private boolean raised; // by the last step
    private boolean risked; // and that beyond what was refused last
    private boolean held; // since then: what was risked is taken

    /** Slots of the floor that are open; fewer, while the service takes not even those. */
    private int floor = NONE;

    private long floorShutUntil;

    /** A ceiling that no refusal has lowered yet, after so many sessions without one. */
    ApiCeiling(long sessions, long now) {
        this.credit = Math.min(MOST_CREDIT, FIRST_CREDIT + (double) sessions / SESSIONS_A_PROBE);
        this.eventUntil = now;
        this.heldUntil = now;
    }

    int slots() {
        return ceiling;
    }

    /** Slots allowed at once, of those that the CPU's side allows. */
    int allowed(int limit, int minSlots) {
        return Math.max(Math.min(minSlots, floor), Math.min(limit, ceiling));
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
            if (held) {
                ran = (ran + ceiling) / 2; // the guess was too high
            } else if (risked) {
                stepsToProbe = STEPS_USUALLY;
            }
        } else if (now - eventUntil >= 0) {
            ran = Math.max(ran, before - 1);
            ceiling = Math.min(ceiling, (int) (KEPT * before));
            stepsSinceTry = 0;
            stepsToProbe = STEPS_SOON;
        } else {
            held = false;
            return; // of this event
        }
        held = false;
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
            floorShutUntil = floor == 0 && floorShutUntil - retryAt < 0 ? floorShutUntil : retryAt;
            floor = 0;
        }
    }

    /** A session that waited out its time asks for its slot: one at a time, as long as they are refused. */
    void isBack() {
        floor = Math.max(floor, 1);
    }

    /**
     * A governor's step: may raise the ceiling.
     *
     * @param reached whether callers ran into this ceiling since the last step, and no cut drains
     */
    void step(long now, boolean reached, int minSlots, int maxSlots) {
        boolean calm = !refused && now - heldUntil >= 0;
        held = calm && (held || (raised && risked));
        refused = false;
        raised = false;
        stepsSinceTry++;
        if (calm) {
            floor = NONE;
        } else if (now - floorShutUntil >= 0) {
            floor = Math.max(floor, 1);
        }
        if (ceiling != NONE && calm && reached) {
            raise(Math.max(ceiling, minSlots), maxSlots);
        }
    }

    private void raise(int from, int maxSlots) {
        risked = from + 1 >= refusedAt;
        if (risked && !held && !isTimeToProbe(from)) {
            return;
        }
        int next = from + 1;
        if (held) {
            next = Math.max(next, (from + ran + 1) / 2);
            ran = Math.max(ran, from);
        }
        if (risked) {
            refusedAt = next;
        }
        ceiling = next < maxSlots ? next : NONE;
        raised = true;
        stepsSinceTry = 0;
    }

    private boolean isTimeToProbe(int from) {
        int missing = ran - from;
        if (missing <= 0) {
            return stepsSinceTry >= stepsToProbe && credit >= 1;
        }
        return stepsSinceTry >= Math.max(STEPS_SOON * ran / missing, credit >= 1 ? 0 : STEPS_WITHOUT_CREDIT);
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
