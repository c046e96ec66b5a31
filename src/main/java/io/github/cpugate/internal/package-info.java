/**
 * Helpers of several packages: {@code Checks} of arguments, the default {@code JvmClock}, and {@code DaemonThreads}.
 */
@NullMarked
package io.github.cpugate.internal;

import org.jspecify.annotations.NullMarked;
