package io.github.cpugate;

import io.github.cpugate.Binding.Side;
import org.jspecify.annotations.Nullable;

/**
 * The line at one moment.
 *
 * @param limit the policy's, by CPU
 * @param allowed slots allowed at once: the limit, or the API ceiling if that is lower
 * @param apiCeiling within the bounds
 * @param binding what those in line wait for
 * @param totals since the gate was built
 * @param meanInFlight in the period
 * @param limitReached whether callers ran into the policy's limit in the period
 * @param ceilingReached whether they ran into the API ceiling since the last step
 * @param oddity what the service said first that was not believed
 */
record LineReport(
        int limit,
        int allowed,
        int apiCeiling,
        int minSlots,
        int maxSlots,
        int inFlight,
        int waiting,
        Side binding,
        boolean closed,
        Usage.Totals totals,
        double meanInFlight,
        boolean limitReached,
        boolean ceilingReached,
        @Nullable String oddity) {

    /** The limit, as users are told it: what is kept of the floor for a moment is the floor's all the same. */
    int toldLimit() {
        return Math.max(minSlots, allowed);
    }

    static LineReport of(Limits limits, Usage usage, int inFlight, int waiting, Side binding, boolean closed) {
        return new LineReport(
                limits.limit(),
                limits.allowed(),
                limits.apiCeiling(),
                limits.minSlots(),
                limits.maxSlots(),
                inFlight,
                waiting,
                binding,
                closed,
                usage.totals(),
                usage.meanInFlight(inFlight),
                usage.limitReached() || binding == Side.CPU || binding == Side.MAX_SLOTS,
                usage.ceilingReached() || binding == Side.API,
                usage.oddity());
    }
}
