package io.github.cpugate;

/**
 * What a {@link StepPolicy} decided.
 *
 * @param limit the next limit, in slots; the gate keeps it within its bounds, so a policy need not
 * @param reason why; where a bound leaves the limit no room to move, the gate says {@link Reason#AT_FLOOR} or
 *     {@link Reason#AT_CEILING} instead
 */
public record Decision(int limit, Reason reason) {}
