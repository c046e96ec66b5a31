package io.github.cpugate;

import java.time.Duration;

/** What holds back the callers that wait in line. Constants may be added. */
public enum Bottleneck {
    /** Nothing: no caller waits. */
    NONE,
    /** The CPU limit: more sessions would take CPU above the target, or the policy has not tried them yet. */
    CPU,
    /** The API ceiling: the service has refused sessions beyond this number, and the CPU limit would let more run. */
    API,
    /** The configured {@code maxSlots}: the CPU limit has climbed to it, and no lower API ceiling is known. */
    MAX_SLOTS;

    /**
     * How long each bottleneck held callers back.
     *
     * <p>Time counts while at least one caller waits in line, on the gate's monotonic clock. Immutable. Components may
     * be added to the record: read it, do not construct it.
     *
     * @param cpu time during which the CPU limit was the bottleneck
     * @param api time during which the API ceiling was the bottleneck
     * @param maxSlots time during which {@code maxSlots} was the bottleneck
     */
    public record Times(Duration cpu, Duration api, Duration maxSlots) {}
}
