package io.github.cpugate.policy;

/**
 * What a {@link StepPolicy} decided.
 *
 * @param limit the next limit, in slots; it may lie outside the gate's bounds, since the gate takes the nearest bound
 * @param reason why; if a bound keeps the limit from moving, the gate reports {@link Reason#AT_FLOOR} or
 *     {@link Reason#AT_CEILING} instead
 */
public record Decision(int limit, Reason reason) {}
