/**
 * The log of the library: {@code Log} writes each message as one line, since {@code Printable} replaces the control
 * characters in texts from outside, those of throwables too. No other class uses an SLF4J logger.
 */
@NullMarked
package io.github.cpugate.internal.log;

import org.jspecify.annotations.NullMarked;
