/**
 * Measures and smooths CPU: from a {@link io.github.cpugate.cpu.CpuSource} through a
 * {@link io.github.cpugate.cpu.CpuSampler} into a {@link io.github.cpugate.cpu.CpuSample}.
 *
 * <p>This package does not depend on limits, slots or waiting. OSHI is imported here and nowhere else.
 *
 * <p>Implementation: {@code SmoothingSampler} reads {@code ScopedCpuSource}, which takes the larger of host CPU and the
 * used share of a CPU quota. {@code HostCpuSource} reads host CPU through {@code OshiCpuSource}, or else through
 * {@code JdkCpuSource}. {@code QuotaMeter} measures the quota of each {@code ControlGroup} that {@code Membership}
 * finds this process in.
 */
@NullMarked
package io.github.cpugate.cpu;

import org.jspecify.annotations.NullMarked;
