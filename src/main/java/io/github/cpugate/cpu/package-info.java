/**
 * Measures and smooths: host CPU from a {@link io.github.cpugate.cpu.CpuSource} through a
 * {@link io.github.cpugate.cpu.CpuSampler} into a {@link io.github.cpugate.cpu.CpuSample}.
 *
 * <p>First on a sample's way: nothing here knows of limits, slots or waiting. OSHI is imported here and nowhere else.
 *
 * <p>Inside: {@code SmoothingSampler} reads {@code ScopedCpuSource}, which takes the larger of the host's CPU and the
 * share of a CPU quota. The host's comes from {@code HostCpuSource}, through {@code OshiCpuSource} or else
 * {@code JdkCpuSource}; the quota's from {@code QuotaMeter}, for each {@code ControlGroup} that {@code Membership}
 * finds this process in.
 */
@NullMarked
package io.github.cpugate.cpu;

import org.jspecify.annotations.NullMarked;
