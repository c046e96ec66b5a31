/**
 * Tells of a gate in the places where people look: listeners to give to the gate's builder.
 *
 * <p>Last on a sample's way. The gate knows nothing of what is here: {@code Journal} with its {@code JournalFormat} and
 * {@code JournalFile}, {@code Report} that reads what it wrote, {@code JfrEvents}, {@code Jmx}, and {@code GateMetrics}
 * with a {@code GateMeters} for each registry.
 */
@NullMarked
package io.github.cpugate.observe;

import org.jspecify.annotations.NullMarked;
