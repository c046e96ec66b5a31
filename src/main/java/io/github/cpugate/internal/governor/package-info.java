/**
 * Makes the steps: samples, decides, moves the limit, and reports.
 *
 * <p>Start at {@code Governor}. {@code GovernorThread} makes a step once a period. The sampler, the policy and the
 * listeners are {@code ForeignCode}, which may throw or hang; a {@code Watch} notices when such code hangs. If it hangs
 * a step, the watch makes steps in its place. One {@code Dispatcher} calls the listeners; a second one, in
 * {@code GateLog}, calls the {@code LogWriter}. {@code MaxSlotsAdvice} finds out from the reports that {@code maxSlots}
 * is too low, and {@code NestingCheck} detects sessions that wait for each other. {@code FaultLog} decides whether a
 * fault is news; {@code LoggedExecutor} reports the faults of a user's executor to it. {@code WaitListeners} reports
 * waits on the threads of the callers that wait. {@code RepeatingThread} is what the governor thread and the watch have
 * in common.
 */
@NullMarked
package io.github.cpugate.internal.governor;

import org.jspecify.annotations.NullMarked;
