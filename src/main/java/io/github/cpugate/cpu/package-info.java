/**
 * Measures and smooths CPU: from a {@link io.github.cpugate.cpu.CpuSource} through a
 * {@link io.github.cpugate.cpu.CpuSampler} into a {@link io.github.cpugate.cpu.CpuSample}.
 *
 * <p>This package does not depend on limits, slots or waiting. OSHI is imported here and nowhere else.
 *
 * <p>Implementation: {@code SmoothingSampler} reads {@code ScopedCpuSource}, whose {@code ScopeChoice} takes the larger
 * of the CPU of this process's processors and the used share of a CPU quota.
 *
 * <ul>
 *   <li>Where the process may use all {@code Processors}, {@code HostCpuSource} reads them through
 *       {@code OshiCpuSource}, or else through {@code ProcStatCpuSource}, {@code JdkCpuSource} or {@code OwnCpuSource};
 *       {@code Faults} decides when.
 *   <li>Where it may not, {@code AllowedProcessors} measures those that it may use, as {@code LinuxProcessors} or
 *       {@code WindowsProcessors} shows them.
 *   <li>{@code QuotaMeter} measures the quota of each {@code ControlGroup} that {@code Membership} finds it in.
 * </ul>
 */
@NullMarked
package io.github.cpugate.cpu;

import org.jspecify.annotations.NullMarked;
