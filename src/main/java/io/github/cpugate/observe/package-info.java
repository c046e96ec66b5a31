/**
 * Tells of a gate in the places where people look: listeners to give to the gate's builder.
 *
 * <p>Last on a sample's way. The gate knows nothing of what is here, and what is here knows nothing of each other.
 */
@NullMarked
package io.github.cpugate.observe;

import org.jspecify.annotations.NullMarked;
