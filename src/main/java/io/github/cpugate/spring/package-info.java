/**
 * Auto-configuration for Spring Boot: a gate from properties, with metrics, closed before the web server stops.
 *
 * <p>Start at {@code CpuGateAutoConfiguration}. The package is for Spring Boot, which finds it by itself; nothing else
 * of the library depends on it, and without Spring Boot it is not loaded.
 */
@NullMarked
package io.github.cpugate.spring;

import org.jspecify.annotations.NullMarked;
