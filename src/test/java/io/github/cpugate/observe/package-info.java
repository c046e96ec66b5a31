/** Tests of the listeners, the JMX registration and the report. */
package io.github.cpugate.observe;
