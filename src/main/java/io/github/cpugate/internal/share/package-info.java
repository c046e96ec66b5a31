/**
 * Lets gates of one host share its CPU: the rule, and the files by which the gates see each other.
 *
 * <p>Start at {@code Sharing}. It is a policy around the gate's own one. At each step it looks at its {@code Peers},
 * {@code Division} computes the share of the machine that this gate gets, the gate's own policy decides as if that were
 * the whole machine, and {@code SharingGuard} keeps the decision from doing what helps nobody. {@code OwnUse} measures
 * what this gate uses, which it publishes as a {@code GateState}. {@code PeerDirectory} finds the peers through files,
 * {@code RecordFormat} the line in such a file, and {@code Place} identifies what a percentage in it is of.
 */
@NullMarked
package io.github.cpugate.internal.share;

import org.jspecify.annotations.NullMarked;
