/**
 * Recipes: how a session of a real client tells the gate that the service refused it, waits without its slot, and tries
 * again. Not in the jar: copy {@link io.github.cpugate.clients.Retrying}, {@link io.github.cpugate.clients.Refusal} and
 * the one class of your client.
 */
package io.github.cpugate.clients;
