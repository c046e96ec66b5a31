package io.github.cpugate.demo;

/**
 * What the meter saw at one moment of a run, limited by a constant or by the gate.
 *
 * @param elapsed seconds since the run began
 * @param cpu percent of the host since the tick before; NaN if there was no reading
 */
public record Tick(double elapsed, double cpu, int limit, int inFlight, int waiting, int done) {}
