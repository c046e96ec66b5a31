package io.github.cpugate;

import java.time.Duration;
import org.slf4j.Logger;

/** Tells of slots that were not closed. */
final class LeakLog {

    private LeakLog() {}

    static void tell(String gate, HeldSlots.Leaks leaks, long now) {
        try {
            Logger logger = StepLog.logger();
            if (leaks.collected > 0) {
                logger.error(
                        "gate '{}': slots garbage-collected unclosed, and now given back: {}{}",
                        gate,
                        leaks.collected,
                        leaks.example == null ? "; leakWarning(...) on the builder tells where they are taken" : "",
                        leaks.example);
            }
            for (HeldSlots.Origin origin : leaks.overdue) {
                logger.warn(
                        "gate '{}': a slot is held for {} already (said once)",
                        gate,
                        Duration.ofNanos(now - origin.since),
                        origin);
            }
        } catch (Throwable t) {
            // The log fails; the slots are given back all the same.
        }
    }
}
