/**
 * The loop closed on the machine at hand: limiters of several kinds under the same streaming batch, and what became of
 * the CPU.
 *
 * <p>Start at {@link io.github.cpugate.bench.loop.Loop}. Not in the jar.
 */
package io.github.cpugate.bench.loop;
