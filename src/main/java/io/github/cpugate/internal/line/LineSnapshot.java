package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
import org.jspecify.annotations.Nullable;

/**
 * The line at one moment.
 *
 * @param cpuLimit the CPU limit
 * @param allowed slots allowed at once: the CPU limit or the API ceiling, whichever is lower, and at least the floor,
 *     less its shut slots
 * @param limit {@code allowed} as users see it: never below {@code minSlots}
 * @param apiCeiling the API ceiling, within the bounds
 * @param paused sessions whose slot is paused, whether they wait in line for it or not
 * @param backingOff paused sessions that will wait in line once their back-off has ended
 * @param bottleneck what holds the callers in line back
 * @param totals counts since the gate was built
 * @param sinceStep counts since the last step
 * @param meanInFlight slots held on average in this measuring window
 * @param limitReached whether callers ran into the CPU limit in this measuring window
 * @param ceilingReached whether callers ran into the API ceiling since the last step
 * @param rejectedRetryAfter the first back-off time from the service that the gate did not accept, or null
 */
public record LineSnapshot(
        int cpuLimit,
        int allowed,
        int limit,
        int apiCeiling,
        int minSlots,
        int maxSlots,
        int inFlight,
        int waiting,
        int paused,
        int backingOff,
        Bottleneck bottleneck,
        boolean closed,
        Usage.Totals totals,
        Usage.Totals sinceStep,
        double meanInFlight,
        boolean limitReached,
        boolean ceilingReached,
        @Nullable String rejectedRetryAfter) {

    static LineSnapshot of(
            Limits limits,
            Usage usage,
            int inFlight,
            int waiting,
            int paused,
            int backingOff,
            Bottleneck bottleneck,
            boolean closed) {
        Usage.Totals totals = usage.totals();
        return new LineSnapshot(
                limits.cpuLimit(),
                limits.allowed(),
                limits.limit(),
                limits.apiCeiling(),
                limits.minSlots(),
                limits.maxSlots(),
                inFlight,
                waiting,
                paused,
                backingOff,
                bottleneck,
                closed,
                totals,
                usage.sinceStep(totals),
                usage.meanInFlight(inFlight),
                usage.limitReached() || bottleneck == Bottleneck.CPU || bottleneck == Bottleneck.MAX_SLOTS,
                usage.ceilingReached() || bottleneck == Bottleneck.API,
                usage.rejectedRetryAfter());
    }

    /** Whether no slot is held or paused, and no caller waits. */
    public boolean isIdle() {
        return inFlight == 0 && waiting == 0 && paused == 0;
    }
}
