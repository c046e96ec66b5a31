package io.github.cpugate;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once that something outside the gate fails, and once that it works again.
 *
 * <p>What fails and works by turns is said once too: after a fault it has to work {@value #STEADY} times in a row
 * before it counts as working. Not thread-safe; never throws, since a log can be at fault as well.
 */
final class FaultLog {

    private static final int STEADY = 10;

    private final String subject;
    private boolean failing;
    private int worked;

    /** A log of the faults of {@code subject}, as in "the CPU sampler of gate 'batch'". */
    FaultLog(String subject) {
        this.subject = subject;
    }

    void failed(String detail) {
        failed(detail, null);
    }

    void failed(String detail, @Nullable Throwable cause) {
        worked = 0;
        if (!failing) {
            failing = true;
            quietly(() -> logger().warn("{} fails: {} (said once)", subject, detail, cause));
        }
    }

    void worked() {
        if (failing && ++worked == STEADY) {
            failing = false;
            quietly(() -> logger().info("{} works again", subject));
        }
    }

    private static Logger logger() {
        return LoggerFactory.getLogger(AdaptiveCpuGate.class);
    }

    private static void quietly(Runnable logging) {
        try {
            logging.run();
        } catch (Throwable t) {
            // Nowhere is left to say it.
        }
    }
}
