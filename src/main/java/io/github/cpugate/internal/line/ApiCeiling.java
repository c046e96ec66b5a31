package io.github.cpugate.internal.line;

/**
 * How many sessions the service lets run at once, learned from its refusals alone. This is the gate's other controller;
 * it does not depend on CPU. It reads no clock and takes no lock; the line's lock guards it.
 *
 * <p>There is no ceiling until the service refuses. A service does not announce its limit, nor a change of it, so a
 * client can find the limit only by exceeding it now and then. The rules below keep that rare.
 *
 * <ul>
 *   <li><b>Refusals form events, and the ceiling answers each event once.</b> An event comprises the refusals of
 *       requests that were sent before the gate answered it, and those that arrive within the back-off time that the
 *       service asked for. (TCP halves its window once for all segments lost from one flight: RFC 6582.)
 *   <li><b>It falls at once,</b> to {@value #BACKOFF_RATIO} of the sessions that were in flight at the refusal, not of
 *       those that were allowed (RFC 5681 does the same). A refusal right after a raise takes back the raise and no
 *       more. During an event the ceiling stays below the number in flight, so nothing is admitted while newcomers are
 *       refused.
 *   <li><b>It rises by one slot a step,</b> once the back-off time has passed, if callers ran into the ceiling and no
 *       session was refused since the last step. (Additive increase, multiplicative decrease: D.-M. Chiu and R. Jain,
 *       1989.)
 *   <li><b>A raise to where the service last refused is a probe,</b> and probes are rare: the first comes
 *       {@value #PROBE_STEPS_AFTER_EVENT} steps after an event, the next ones every {@value #PROBE_STEPS} steps. If
 *       fewer sessions run than before the service's limit fell, it may have risen again; then the more sessions are
 *       missing, the more often it probes, at most every {@value #PROBE_STEPS_AFTER_EVENT} steps. A probe costs credit:
 *       {@value #SESSIONS_PER_PROBE} sessions that end without a refusal earn one, so in the long run one session in
 *       {@value #SESSIONS_PER_PROBE} is refused for a probe. Without credit there is no probe, save that while sessions
 *       are missing there is one every {@value #PROBE_STEPS_WITHOUT_CREDIT} steps.
 *   <li><b>It returns by half of the distance a step</b> to the peak before the fall, once a probe has succeeded: the
 *       service's limit has changed, and what it took before is the best guess. (Binary increase: L. Xu, K. Harfoush
 *       and I. Rhee, 2004.)
 *   <li><b>Below the floor, it shuts the slots that the service refuses, each for its own time.</b> The floor
 *       ({@code minSlots}) stays open however low the ceiling is. But if a session of the floor is refused and pauses,
 *       the next session in its place would be refused too, and so on. So one slot of the floor is shut until the
 *       session's back-off ends. The other slots of the floor stay open until their own sessions are refused.
 * </ul>
 *
 * <p>A shut slot opens by the clock, without a step, whatever has become of its session: if the session closes its slot
 * during the back-off, the slot opens neither sooner nor later. If a session has backed off by another clock that runs
 * ahead of the line's, it opens the slot when it joins the line again. A second refusal before the pause sets a new
 * time; one after the pause makes the session back off for longer, but does not move the slot's time. A session that
 * closes its slot without a pause shuts nothing, since its caller may react to a refusal in another way than by
 * waiting.
 *
 * <p>Shut slots are subtracted from the present {@code minSlots}, so slots that {@code setBounds} adds to the floor are
 * open. They are not subtracted from the ceiling, so no slot that the ceiling allows is shut. The ceiling cannot rise
 * while a slot is shut, since it waits for the same back-offs to end.
 *
 * <p>When the bounds move, the fields keep what the service has shown; their values are brought within the bounds where
 * they are used. So nothing is forgotten if the bounds are narrowed and widened again, and the ceiling does not aim
 * beyond {@code maxSlots}.
 */
final class ApiCeiling {

    static final int UNLIMITED = Integer.MAX_VALUE;

    private static final double BACKOFF_RATIO = 0.7;
    private static final int PROBE_STEPS = 90;
    private static final int PROBE_STEPS_AFTER_EVENT = 4;
    private static final int PROBE_STEPS_WITHOUT_CREDIT = 20;
    private static final int SESSIONS_PER_PROBE = 50;
    private static final double INITIAL_CREDIT = 12; // probes
    private static final double MAX_CREDIT = 24;

    /** May be below {@code minSlots}, down to 0, and above {@code maxSlots}. */
    private int ceiling = UNLIMITED;

    /**
     * Sessions that ran at once before the service's limit fell; a lower bound. May be above {@code maxSlots}: see
     * {@link #peak}.
     */
    private int peakBeforeFall;

    private int refusedAt = UNLIMITED; // the number in flight at which the service refused last
    private double credit; // probes that may fail
    private long stepsSinceProbe; // since the last probe or event
    private int stepsToProbe =
            PROBE_STEPS_AFTER_EVENT; // steps between probes, unless sessions are missing since a fall

    private int events; // so far, and the number of the current one
    private long eventUntil;
    private long backOffUntil; // no raise before this time
    private boolean refused; // since the last step
    private boolean raised; // by the last step
    private boolean probing; // the last raise was a probe
    private boolean probeSucceeded; // and the service has accepted it since

    private final ShutSlots shut = new ShutSlots();

    /** A ceiling that no refusal has lowered yet, after {@code sessions} sessions without one. */
    ApiCeiling(long sessions, long now) {
        this.credit = Math.min(MAX_CREDIT, INITIAL_CREDIT + (double) sessions / SESSIONS_PER_PROBE);
        this.eventUntil = now;
        this.backOffUntil = now;
    }

    int slots() {
        return ceiling;
    }

    /** Slots allowed at once, given the CPU limit, at the time of the last {@link #advanceTo}. */
    int allowed(int limit, int minSlots) {
        return Math.max(minSlots - shut.count(), Math.min(limit, ceiling));
    }

    /** Whether the time of a shut slot has passed. */
    boolean isFloorDue(long now) {
        return shut.isDue(now);
    }

    /** Opens the slots of the floor whose time has passed. */
    void advanceTo(long now) {
        shut.advanceTo(now);
    }

    /**
     * Returns the time, in nanoseconds, until {@link #allowed} rises without a step; {@link Long#MAX_VALUE} if it will
     * not.
     */
    long nanosUntilFloorOpens(int minSlots, long now) {
        int ofTheFloorOnly = minSlots - Math.min(minSlots, ceiling); // the ceiling admits the others in any case
        int shutSlots = Math.min(shut.count(), ofTheFloorOnly);
        return shutSlots == 0 ? Long.MAX_VALUE : shut.nanosUntilOnly(shutSlots - 1, now);
    }

    /** The slot's next request is sent from now on, so a refusal of it belongs to a later event. */
    void admitted(LineSlot slot) {
        slot.refusalEvent = events;
        slot.retryAt = null;
    }

    /** The service refused a session, and asked it to back off. {@code inFlight} includes the session's own slot. */
    void refused(LineSlot slot, int inFlight, int minSlots, long now, long nanos) {
        // All that are in flight may be refused and pause. A pause allocates nothing, so that it cannot fail half-way.
        shut.reserve((int) Math.min(minSlots, (long) shut.count() + inFlight));
        boolean sentSinceEvent = slot.refusalEvent == events;
        refused = true;
        backOffUntil = later(backOffUntil, now + nanos);
        if (sentSinceEvent) {
            lower(inFlight, now, now + nanos);
        }
        slot.retryAt = now + nanos;
        slot.refusalEvent = events; // its next request is sent from now on
    }

    private void lower(int inFlight, long now, long until) {
        int before = Math.min(ceiling, inFlight);
        ceiling = Math.min(ceiling, inFlight - 1);
        refusedAt = ceiling + 1;
        if (raised) {
            credit = Math.max(0, credit - 1);
            if (probeSucceeded) {
                peakBeforeFall = (int) (((long) peakBeforeFall + ceiling) / 2); // the guess was too high
            } else if (probing) {
                stepsToProbe = PROBE_STEPS;
            }
        } else if (now - eventUntil >= 0) {
            peakBeforeFall = Math.max(peakBeforeFall, before - 1);
            ceiling = Math.min(ceiling, (int) (BACKOFF_RATIO * before));
            stepsSinceProbe = 0;
            stepsToProbe = PROBE_STEPS_AFTER_EVENT;
        } else {
            probeSucceeded = false;
            return; // the refusal belongs to the event under way
        }
        probeSucceeded = false;
        raised = false;
        eventUntil = until;
        events++;
    }

    /** A session closed its slot, or paused. */
    void gaveBack(LineSlot slot, int minSlots, long now) {
        Long retryAt = slot.retryAt;
        if (retryAt == null) {
            credit = Math.min(MAX_CREDIT, credit + (slot.closed ? 1.0 / SESSIONS_PER_PROBE : 0));
        } else if (!slot.closed && ceiling < minSlots && retryAt - now > 0) {
            shut.shut(retryAt);
        }
    }

    /** A session waits in line for its slot again, after its back-off if it was refused. */
    void resumes(LineSlot slot) {
        if (slot.retryAt != null) {
            shut.open(slot.retryAt);
            slot.retryAt = null;
        }
    }

    /**
     * Makes a governor step, which may raise the ceiling.
     *
     * @param reached whether callers ran into this ceiling since the last step, and no cut drains
     */
    void step(long now, boolean reached, int minSlots, int maxSlots) {
        boolean calm = !refused && now - backOffUntil >= 0;
        probeSucceeded = calm && (probeSucceeded || (raised && probing));
        refused = false;
        raised = false;
        stepsSinceProbe++;
        if (ceiling < maxSlots && calm && reached) {
            raise(Math.max(ceiling, minSlots), maxSlots);
        }
    }

    private void raise(int from, int maxSlots) {
        long next = from + 1L; // the bounds may be the highest int
        probing = next >= refusedAt;
        if (probing && !probeSucceeded && !isProbeDue(from, maxSlots)) {
            return;
        }
        if (probeSucceeded) {
            next = Math.max(next, (next + peak(maxSlots)) / 2);
            peakBeforeFall = Math.max(peakBeforeFall, from);
        }
        ceiling = next < maxSlots ? (int) next : UNLIMITED;
        if (probing) {
            refusedAt = ceiling;
        }
        raised = true;
        stepsSinceProbe = 0;
    }

    private boolean isProbeDue(int from, int maxSlots) {
        int peak = peak(maxSlots);
        int missing = peak - from;
        if (missing <= 0) {
            return stepsSinceProbe >= stepsToProbe && credit >= 1;
        }
        long steps = (long) PROBE_STEPS_AFTER_EVENT * peak / missing;
        return stepsSinceProbe >= Math.max(steps, credit >= 1 ? 0 : PROBE_STEPS_WITHOUT_CREDIT);
    }

    /** The peak that the ceiling may return to. A ceiling is below {@code maxSlots}, or there is none. */
    private int peak(int maxSlots) {
        return Math.min(peakBeforeFall, maxSlots - 1);
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }
}
