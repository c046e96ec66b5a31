package io.github.cpugate;

/** Why a step moved the limit, or held it. Constants may be added. */
public enum Reason {
    /** CPU was above the target: one slot fewer, or as many as the policy took. */
    OVER_TARGET,
    /** CPU was below the target, with room for more, and callers ran into the limit: more slots. */
    HEADROOM,
    /** CPU was where it should be: held. */
    IN_BAND,
    /** CPU was not above the target, but nobody ran into the limit since the last step: held. There is no demand. */
    NOT_BINDING,
    /**
     * The API ceiling moved the limit: down, since the service refused, or up again. Or held: CPU was not above the
     * target, and callers ran into the API ceiling, not into the CPU limit, so that is where it was.
     */
    RATE_LIMITED,
    /**
     * CPU was above the target, but more sessions are in flight than the limit allows: held, since the last cut is yet
     * to take effect.
     */
    DRAINING,
    /** A move, or the first sessions, are yet to show in CPU: held until they do. */
    SETTLING,
    /** CPU was above the target, and the limit is {@code minSlots} already: held. */
    AT_FLOOR,
    /** There was headroom, and the limit is {@code maxSlots} already: held. */
    AT_CEILING,
    /** There was no valid reading: held. The policy was not asked. */
    NO_READING,
    /** The policy threw: held. */
    POLICY_FAILED
}
