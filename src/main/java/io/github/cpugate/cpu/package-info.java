/**
 * Measures and smooths: host CPU from a {@link io.github.cpugate.cpu.CpuSource} through a
 * {@link io.github.cpugate.cpu.CpuSampler} into a {@link io.github.cpugate.cpu.CpuSample}.
 *
 * <p>First on a sample's way: nothing here knows of limits, slots or waiting. OSHI is imported here and nowhere else.
 */
@NullMarked
package io.github.cpugate.cpu;

import org.jspecify.annotations.NullMarked;
