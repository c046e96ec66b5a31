/**
 * The gate: decides how many sessions may run at once, and admits them.
 *
 * <p>Start at {@link io.github.cpugate.AdaptiveCpuGate}. A sample comes in from {@link io.github.cpugate.cpu}, a
 * {@link io.github.cpugate.StepPolicy} maps it to the next limit, callers wait in line for a
 * {@link io.github.cpugate.Slot} under that limit, and each step is told as an {@link io.github.cpugate.Observation}.
 *
 * <p>Inside, in that order: {@code Governor} makes the steps, on the {@code GovernorThread} or by hand; they take
 * {@code Turns}, so that other people's code that hangs holds none of them up. {@code OneSlotPolicy} or
 * {@code HeadroomPolicy} with its {@code SlotCost} decides, {@code WaitingLine} admits, under the lower one of two
 * {@code Limits}: the policy's, and an {@code ApiCeiling} that goes by what the service refuses. In the line stand
 * {@code Waiter}s, which are threads ({@code BlockedCaller}) or futures ({@code PendingSlot}, on which
 * {@code AsyncCall} and {@code GateExecutor} build); who is out of it is among the {@code HeldSlots}. {@code Usage}
 * counts. {@code Listeners} are told of steps, {@code Waits} tells them of those in line.
 *
 * <p>A {@code null} given to the gate or its builder throws {@link NullPointerException} with the argument's name.
 */
@NullMarked
package io.github.cpugate;

import org.jspecify.annotations.NullMarked;
