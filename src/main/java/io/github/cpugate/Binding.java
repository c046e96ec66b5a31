package io.github.cpugate;

import java.time.Duration;

/**
 * What callers in line are held back by, and for how long they were by each.
 *
 * <p>Time counts while at least one caller stands in line, on the gate's monotonic clock. Immutable. Components may be
 * added to the record: read it, do not construct it.
 *
 * @param side what holds them back now
 * @param cpu time for which the CPU limit did
 * @param api time for which the API ceiling did
 * @param maxSlots time for which {@code maxSlots} did
 */
public record Binding(Side side, Duration cpu, Duration api, Duration maxSlots) {

    /** What may hold callers back. Constants may be added. */
    public enum Side {
        /** Nothing: nobody stands in line. */
        NONE,
        /** The CPU limit: more sessions would take CPU above the target, or the policy has not tried them yet. */
        CPU,
        /** The API ceiling: the service has refused more sessions than these, and the CPU limit would let more run. */
        API,
        /** The configured {@code maxSlots}: the CPU limit has climbed up to it, and the service has refused nothing. */
        MAX_SLOTS
    }
}
