/** Helpers of the facade: {@code Checks} of configuration values, and the default {@code JvmClock}. */
@NullMarked
package io.github.cpugate.internal;

import org.jspecify.annotations.NullMarked;
