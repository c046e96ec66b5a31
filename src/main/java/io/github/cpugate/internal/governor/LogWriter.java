package io.github.cpugate.internal.governor;

import io.github.cpugate.GateListener;
import io.github.cpugate.StepReport;
import io.github.cpugate.internal.line.RetryAfter;
import io.github.cpugate.internal.line.SlotSet;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Writes the lines of a gate's log. A step that moved the limit, or before which the service refused a session, is
 * logged at INFO, any other at DEBUG, with its figures as key-value pairs.
 */
final class LogWriter implements GateListener {

    /** The logger that users know. A string, since the governor must not import the facade. */
    static final String LOGGER = "io.github.cpugate.AdaptiveCpuGate";

    private final String gate;
    private volatile @Nullable Logger logger; // looked up at the first message: build() must not load a logging library

    LogWriter(String gate) {
        this.gate = gate;
    }

    private Logger logger() {
        Logger known = logger;
        if (known == null) {
            known = LoggerFactory.getLogger(LOGGER);
            logger = known;
        }
        return known;
    }

    private static Level level(StepReport step) {
        return step.limitChanged() || step.rateLimited() > 0 ? Level.INFO : Level.DEBUG;
    }

    /** Whether a step is logged at all. */
    boolean logs(StepReport step) {
        return logger().isEnabledForLevel(level(step));
    }

    @Override
    public void onStep(StepReport step) {
        if (!logs(step)) {
            return;
        }
        LoggingEventBuilder event = logger().atLevel(level(step))
                .addKeyValue("gate", step.gate())
                .addKeyValue("reason", step.reason())
                .addKeyValue("limitBefore", step.limitBefore())
                .addKeyValue("limitAfter", step.limitAfter())
                .addKeyValue("raw", rounded(step.cpu().raw()))
                .addKeyValue("smoothed", rounded(step.cpu().smoothed()))
                .addKeyValue("target", step.targetCpu())
                .addKeyValue("inFlight", step.inFlight())
                .addKeyValue("waiting", step.waiting())
                .addKeyValue("scope", step.cpu().scope());
        if (!Double.isNaN(step.cpu().own())) {
            event = event.addKeyValue("own", rounded(step.cpu().own()))
                    .addKeyValue("others", rounded(step.cpu().others()));
        }
        if (step.apiCeiling() < step.maxSlots() || step.rateLimited() > 0) {
            event = event.addKeyValue("cpuLimit", step.cpuLimit())
                    .addKeyValue("apiCeiling", step.apiCeiling())
                    .addKeyValue("rateLimited", step.rateLimited());
        }
        event.log(step.limitChanged() ? "limit moved" : "limit held");
    }

    /** To a tenth of a percent, which is as exact as a reading over two seconds. */
    private static double rounded(double percent) {
        return Double.isNaN(percent) ? percent : Math.round(percent * 10) / 10.0;
    }

    void fails(String subject, Object problem) {
        if (!(problem instanceof Throwable cause)) {
            logger().warn("{} fails: {} (logged once)", subject, problem);
            return;
        }
        try {
            logger().warn("{} fails: {} (logged once)", subject, cause, cause);
        } catch (Throwable t) { // the cause's own message may be what throws
            logger().warn("{} fails: {} (logged once)", subject, cause.getClass());
        }
    }

    void worksAgain(String subject) {
        logger().info("{} works again", subject);
    }

    void leaks(SlotSet.Leaks leaks) {
        if (leaks.collected() > 0) {
            logger().error(
                            "gate '{}': slots that were garbage-collected without close() have been given back: {}{}",
                            gate,
                            leaks.collected(),
                            leaks.example() == null
                                    ? "; leakWarning(...) on the builder shows where they are taken"
                                    : "",
                            leaks.example());
        }
        for (SlotSet.Overdue slot : leaks.overdue()) {
            logger().warn(
                            "gate '{}': a slot has been held for {} (logged once)",
                            gate,
                            Duration.ofNanos(slot.heldNanos()),
                            slot.origin());
        }
    }

    void rejectedRetryAfter(String value) {
        logger().warn(
                        "gate '{}': the service sent the Retry-After '{}'; an invalid value counts as {} s, one above {} s as {} s (logged once)",
                        gate,
                        value,
                        RetryAfter.DEFAULT.toSeconds(),
                        RetryAfter.MAX.toSeconds(),
                        RetryAfter.MAX.toSeconds());
    }

    void taskDropped(Throwable reason) {
        logger().error(
                        "gate '{}': a task that waited in line was dropped, since it could not be started: {} (logged once)",
                        gate,
                        reason,
                        reason);
    }

    void nested(int slots, Throwable stacks) {
        logger().warn(
                        "gate '{}': no session has ended for a while, and each slot in use is held by a thread that waits for another one ({} threads); call(...) within call(...) shares its slot, and whilePaused(...) lends it meanwhile (logged once)",
                        gate,
                        slots,
                        stacks);
    }

    void dropped(long reports) {
        logger().warn("gate '{}': its listeners missed {} step reports", gate, reports);
    }

    void deserted() {
        logger().warn("gate '{}' was garbage-collected without close(); its threads end", gate);
    }
}
