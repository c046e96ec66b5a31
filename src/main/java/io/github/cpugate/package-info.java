/**
 * The public API of the gate: what users call and receive.
 *
 * <p>Start at {@code AdaptiveCpuGate}, whose builder makes a gate. A caller holds a {@code Slot} while its session
 * runs, and receives a {@code GateClosedException} if the gate is closed. A {@code GateListener} receives a
 * {@code StepReport} for each step, and a {@code Wait} can observe each caller that waits. A {@code GateSnapshot} is
 * the gate at one moment, and a {@code Bottleneck} says what holds callers back.
 *
 * <p>CPU samples come from {@link io.github.cpugate.cpu}, and {@link io.github.cpugate.policy} decides the next limit.
 * The packages {@code internal.governor}, which makes the steps, and {@code internal.line}, where callers wait, are not
 * part of the API. {@link io.github.cpugate.observe} has listeners for logs, metrics and recordings.
 *
 * <p>A {@code null} argument to the gate or its builder throws {@link NullPointerException} with the argument's name.
 */
@NullMarked
package io.github.cpugate;

import org.jspecify.annotations.NullMarked;
