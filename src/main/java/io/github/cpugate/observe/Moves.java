package io.github.cpugate.observe;

import io.github.cpugate.Observation;
import io.github.cpugate.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Tells what moved the limit, which is the lower of two: a step's own reason is that of the CPU limit, and the API
 * ceiling falls between two steps. Of one gate; steps come to it one at a time.
 */
final class Moves {

    private @Nullable Observation last;

    /** A move of the limit, or that it was held; and why. */
    record Move(int before, int after, Reason reason) {}

    /** What became of the limit at this step, or, if the service refused, since the last one. */
    Move next(Observation step) {
        Observation previous = last;
        last = step;
        int before = previous != null && step.rateLimited() > 0 ? previous.limitAfter() : step.limitBefore();
        int after = step.limitAfter();
        boolean freed = previous != null && underCeiling(previous) && after > before;
        boolean byCeiling = after != before && (freed || underCeiling(step));
        return new Move(before, after, byCeiling ? Reason.RATE_LIMITED : step.reason());
    }

    private static boolean underCeiling(Observation step) {
        return step.limitAfter() < step.cpuLimit();
    }
}
