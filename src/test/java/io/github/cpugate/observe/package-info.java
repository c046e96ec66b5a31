/** Tests of what tells of a gate. */
package io.github.cpugate.observe;
