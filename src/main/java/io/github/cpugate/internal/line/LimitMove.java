package io.github.cpugate.internal.line;

/**
 * How a step moved the limits.
 *
 * @param cpuLimitBefore the CPU limit before the step
 * @param cpuLimit the CPU limit after the step
 * @param limitBefore slots allowed at once before the step, as users see it; if the service has refused since the last
 *     step, the value that the last step reported, brought within the present bounds, so that only the moves of the two
 *     limits make it differ from {@code limit}
 * @param limit slots allowed at once after the step, as users see it
 * @param apiCeiling the API ceiling after the step, within the bounds
 */
public record LimitMove(
        int cpuLimitBefore, int cpuLimit, int limitBefore, int limit, int apiCeiling, int minSlots, int maxSlots) {}
