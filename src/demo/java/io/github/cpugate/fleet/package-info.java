/**
 * A fleet of workers that take sessions from one queue of a Temporal server.
 *
 * <p>Start at {@code Fleet}, which prints a table of what the workers did under a gate and under other limits. A
 * {@code RealFleet} starts the server and the workers, each {@code Machine} in a JVM and a control group of its own,
 * where a {@code WorkerMain} runs {@code Sessions}.
 */
package io.github.cpugate.fleet;
