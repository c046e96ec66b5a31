package io.github.cpugate;

/**
 * What a {@link StepPolicy} decided.
 *
 * @param limit the next limit, in slots; the gate keeps it within its bounds, so a policy need not
 * @param reason why
 */
public record Decision(int limit, Reason reason) {}
