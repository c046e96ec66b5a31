/**
 * The main job: a real streaming batch, before and after the gate, on the machine at hand.
 *
 * <p>Start at {@link io.github.cpugate.demo.StreamingBatch}. Not in the jar.
 */
package io.github.cpugate.demo;
