package io.github.cpugate.policy;

/** Why a step moved the limit, or held it. Constants may be added. */
public enum Reason {
    /**
     * CPU was above the target, or {@link StepPolicy#headroom()} cut to keep it below: the limit fell, by one slot or
     * more.
     */
    OVER_TARGET,
    /** CPU was below the target with headroom for more slots, and callers ran into the limit: the limit rose. */
    HEADROOM,
    /** Another gate that shares the host had less CPU and wanted more: the limit fell. */
    YIELDED,
    /** CPU was where it should be: held. */
    IN_BAND,
    /**
     * No caller ran into the limit since the last step, and CPU was not above the target, or no session was in flight:
     * held.
     */
    NO_DEMAND,
    /**
     * The API ceiling moved the limit: down after a refusal by the service, or up again. Also if the limit was held:
     * CPU was not above the target, and callers ran into the API ceiling and not into the CPU limit.
     */
    RATE_LIMITED,
    /**
     * CPU was above the target, but more sessions were in flight than the limit allowed: held, since the last cut had
     * not taken effect yet.
     */
    DRAINING,
    /** The last move, or the first sessions, had not shown in CPU yet, or the JVM's own CPU was missing: held. */
    SETTLING,
    /** CPU was above the target, but the limit was {@code minSlots} already: held. */
    AT_FLOOR,
    /** There was headroom, but the limit was {@code maxSlots} (not the API ceiling) already: held. */
    AT_CEILING,
    /** There was no valid reading: held. The policy was not asked. */
    NO_READING,
    /** The policy threw, returned null or had not returned: held. */
    POLICY_FAILED
}
