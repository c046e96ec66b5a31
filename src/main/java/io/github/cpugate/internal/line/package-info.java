/**
 * Admits callers under the limit: the waiting line.
 *
 * <p>Start at {@code WaitingLine}. The callers that wait in it are {@code Waiter}s in a {@code WaiterQueue}: threads
 * ({@code ThreadWaiter}) or futures ({@code FutureWaiter}, on which {@code AsyncCall}, {@code GatedPublisher} and
 * {@code GateExecutor} build). A caller that was admitted holds a {@code LineSlot}; one {@code SlotSet} contains the
 * slots that are held, and another one those that are paused. {@code LineState} contains what the line's lock guards.
 * {@code Limits} determines how many slots are allowed: the CPU limit or the {@code ApiCeiling}, whichever is lower,
 * and at least the floor, less its {@code ShutSlots}. {@code RetryAfter} is the time for which a service that refused
 * asks clients to back off. {@code Usage} counts, {@code IdleSignal} wakes threads that wait until no slot is held, and
 * {@code LineSnapshot} is the line at one moment. {@code LineThreads} complete futures and end back-offs; on a manual
 * gate, {@code Trampoline} completes the futures. {@code FloorAlarm} has the line called when a shut slot opens.
 * {@code CallScope} lets a nested call share its thread's slot.
 *
 * <p>One lock guards all state; no foreign code runs under it. Nothing here logs, reads CPU, or depends on a policy.
 */
@NullMarked
package io.github.cpugate.internal.line;

import org.jspecify.annotations.NullMarked;
