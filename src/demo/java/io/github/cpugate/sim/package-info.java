/**
 * Real gates in virtual time: what a rule does on hosts, with sessions and under loads that nobody has at hand.
 *
 * <p>Start at {@link io.github.cpugate.sim.Simulate}. A {@code Scenario} runs as a {@code Simulation}: gates stepped by
 * hand on a {@code Plant}, under a {@code Rule}, or under a constant that an {@code Oracle} has found. {@code Fleets}
 * compares what many machines come to that pull their sessions from one queue. Not in the jar.
 */
package io.github.cpugate.sim;
