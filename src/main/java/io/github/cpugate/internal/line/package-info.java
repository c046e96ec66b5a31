/**
 * Admits callers under the limit: the waiting line.
 *
 * <p>Start at {@code WaitingLine}. The callers that wait in it are {@code Waiter}s in a {@code WaiterQueue}: threads
 * ({@code ThreadWaiter}) or futures ({@code FutureWaiter}, on which {@code AsyncCall} and {@code GateExecutor} build).
 * A caller that was admitted holds a {@code LineSlot}, and the {@code SlotSet} are all of them. {@code Limits} says how
 * many slots are allowed: the policy's limit or the {@code ApiCeiling}, whichever is lower; {@code RetryAfter} is how
 * long a service that refused asks clients to back off. {@code Usage} counts, {@code IdleSignal} wakes threads that
 * wait until no slot is held, and {@code LineSnapshot} is the line at one moment. {@code Trampoline} completes the
 * futures of a manual gate.
 *
 * <p>One lock guards all state; no foreign code runs under it. Nothing here logs, reads CPU, or knows a policy.
 */
@NullMarked
package io.github.cpugate.internal.line;

import org.jspecify.annotations.NullMarked;
