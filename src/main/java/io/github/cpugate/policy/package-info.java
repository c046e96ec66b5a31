/**
 * Decides the next limit: a {@link io.github.cpugate.policy.StepPolicy} maps a
 * {@link io.github.cpugate.policy.StepInput} to a {@link io.github.cpugate.policy.Decision} with its
 * {@link io.github.cpugate.policy.Reason}.
 *
 * <p>{@code OneSlotPolicy} is the default. {@code HeadroomPolicy} begins with {@code Climb}, for which {@code SlotCost}
 * learns what a slot costs, and goes on with {@code IntegralControl}, to which {@code StrangersCpu} tells how others'
 * CPU moves. These keep state; {@code OneSlotPolicy} does not. Nothing here uses a clock, lock, log or I/O.
 */
@NullMarked
package io.github.cpugate.policy;

import org.jspecify.annotations.NullMarked;
