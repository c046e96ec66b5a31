/**
 * Shows what a gate does in logs, metrics and recordings: listeners for the gate's builder, and a JMX registration.
 *
 * <p>Of the other packages, only {@code spring} depends on this one. {@code Journal} writes each step to a
 * {@code JournalFile} in a {@code JournalFormat}, and {@code Report} turns journals into a page. {@code JfrEvents}
 * emits JDK Flight Recorder events. {@code Jmx} registers a {@code GateMXBean}. {@code GateMetrics} has one
 * {@code GateMeters} for each Micrometer registry, and {@code SharedMeters} records which gates share a meter in it;
 * {@code Independently} keeps an exception of one registry from affecting the others.
 */
@NullMarked
package io.github.cpugate.observe;

import org.jspecify.annotations.NullMarked;
