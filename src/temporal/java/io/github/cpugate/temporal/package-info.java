/**
 * Runs the activities of a Temporal worker in slots of a gate.
 *
 * <p>Start at {@link io.github.cpugate.temporal.GateSlotSupplier}. For each poll of a task queue it makes a
 * {@code Reservation}, which waits in the {@code PollLine} of its queue and then in the gate's line. A
 * {@code Reservation} that was granted is a {@code TaskSlot}, until the worker releases it.
 *
 * <p>Temporal's jars have no stable module names, and share packages with each other. So these classes are an artifact
 * of their own, for the class path.
 */
@NullMarked
package io.github.cpugate.temporal;

import org.jspecify.annotations.NullMarked;
