package io.github.cpugate.internal.governor;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.StepReport;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Finds out from the step reports that {@code maxSlots} is too low: the limit has been at it for {@link #PATIENCE},
 * with callers in line and CPU well below the target all that time. The default is a constant, which cannot suit every
 * machine.
 *
 * <p>Reports that once, and again only after it has not been too low for as long. Thread-safe: a step may be made in
 * place of one that hangs.
 */
final class MaxSlotsAdvice {

    /** How long maxSlots must be too low to be reported, and must not be too low before it is reported again. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final double WELL_BELOW = 0.8; // of the target, as the policies see it

    /** The least share of the time between two steps for which maxSlots must hold callers back. It allows for gaps. */
    private static final double ALL_THE_TIME = 0.9;

    /** The finding: CPU is smoothed, and both percentages are of the scope of the reading. */
    record Finding(int maxSlots, Duration lasted, double cpu, double targetCpu) {}

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock. Times are those of the reports.
    private Duration lastStep = Duration.ZERO;
    private @Nullable Duration since; // when maxSlots began to be too low, without a break; null: it is not
    private Duration lastTooLowAt = Duration.ZERO;
    private int maxSlots;
    private boolean reported;

    /** Takes the next report; returns what to report, or null. */
    @Nullable
    Finding afterStep(StepReport step) {
        lock.lock();
        try {
            return find(step);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Finding find(StepReport step) {
        Duration now = step.elapsed();
        boolean tooLow = isTooLow(step, now.minus(lastStep));
        lastStep = now;
        if (!tooLow) {
            since = null;
            reported = reported && now.minus(lastTooLowAt).compareTo(PATIENCE) < 0;
            return null;
        }
        lastTooLowAt = now;
        if (since == null || maxSlots != step.maxSlots()) {
            since = now;
            maxSlots = step.maxSlots();
        }
        Duration lasted = now.minus(since);
        if (reported || lasted.compareTo(PATIENCE) < 0) {
            return null;
        }
        reported = true;
        return new Finding(maxSlots, lasted, step.cpu().smoothed(), step.targetCpu());
    }

    private static boolean isTooLow(StepReport step, Duration sinceLastStep) {
        return step.bottleneck() == Bottleneck.MAX_SLOTS
                && step.limitAfter() == step.maxSlots()
                && step.heldBack().maxSlots().toNanos() >= ALL_THE_TIME * sinceLastStep.toNanos()
                && step.cpu().isOk()
                && step.cpu().smoothed() < WELL_BELOW * step.targetCpu();
    }
}
