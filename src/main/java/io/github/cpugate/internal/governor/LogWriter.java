package io.github.cpugate.internal.governor;

import io.github.cpugate.GateListener;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.internal.line.RetryAfter;
import io.github.cpugate.internal.line.SlotSet;
import io.github.cpugate.internal.log.Log;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.event.Level;

/**
 * Writes the lines of a gate's log. A step that moved the limit, or before which the service refused a session, is
 * logged at INFO, any other at DEBUG, with its figures in the message, and more exactly as key-value pairs.
 */
final class LogWriter implements GateListener {

    /** The logger that users know. A string, since the governor must not import the facade. */
    static final String LOGGER = "io.github.cpugate.AdaptiveCpuGate";

    private final String gate;
    private final Log log = new Log(LOGGER);

    LogWriter(String gate) {
        this.gate = gate;
    }

    private static Level level(StepReport step) {
        return step.limitChanged() || step.rateLimited() > 0 ? Level.INFO : Level.DEBUG;
    }

    /** Whether a step is logged at all. */
    boolean logs(StepReport step) {
        return log.isEnabled(level(step));
    }

    @Override
    public void onStep(StepReport step) {
        if (!logs(step)) {
            return;
        }
        CpuSample cpu = step.cpu();
        String reading = cpu.isOk()
                ? "CPU %s (smoothed %s)".formatted(percent(cpu.raw()), percent(cpu.smoothed()))
                : "no CPU reading";
        log.log(
                level(step),
                pairs(step),
                null,
                "gate '{}': limit {}: {}, {}, target {}, {} in flight, {} waiting{}{}{}",
                gate,
                step.limitChanged() ? step.limitBefore() + " → " + step.limitAfter() : step.limitAfter() + " held",
                step.reason(),
                reading,
                exactly(step.targetCpu()),
                step.inFlight(),
                step.waiting(),
                step.hostShare().percent() < 100
                        ? ", share " + percent(step.hostShare().percent())
                        : "",
                step.rateLimited() > 0 ? ", " + step.rateLimited() + " refused by the service" : "",
                step.apiCeiling() < step.maxSlots() ? ", API ceiling " + step.apiCeiling() : "");
    }

    private static String percent(double value) {
        return Math.round(value) + " %";
    }

    /** A percentage that somebody has chosen. */
    private static String exactly(double chosen) {
        return (chosen == Math.rint(chosen) ? String.valueOf(Math.round(chosen)) : String.valueOf(chosen)) + " %";
    }

    private static Map<String, Object> pairs(StepReport step) {
        CpuSample cpu = step.cpu();
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put("gate", step.gate());
        pairs.put("reason", step.reason());
        pairs.put("limitBefore", step.limitBefore());
        pairs.put("limitAfter", step.limitAfter());
        pairs.put("raw", rounded(cpu.raw()));
        pairs.put("smoothed", rounded(cpu.smoothed()));
        pairs.put("target", step.targetCpu());
        pairs.put("inFlight", step.inFlight());
        pairs.put("waiting", step.waiting());
        pairs.put("scope", cpu.scope());
        if (!Double.isNaN(cpu.own())) {
            pairs.put("own", rounded(cpu.own()));
            pairs.put("others", rounded(cpu.others()));
        }
        if (!Double.isNaN(cpu.throttled())) {
            pairs.put("throttled", rounded(cpu.throttled()));
        }
        if (step.hostShare().peers() > 0) {
            pairs.put("peers", step.hostShare().peers());
            pairs.put("share", rounded(step.hostShare().percent()));
            pairs.put("peersCpu", rounded(step.hostShare().peersCpu()));
        }
        if (step.apiCeiling() < step.maxSlots() || step.rateLimited() > 0) {
            pairs.put("cpuLimit", step.cpuLimit());
            pairs.put("apiCeiling", step.apiCeiling());
            pairs.put("rateLimited", step.rateLimited());
        }
        return pairs;
    }

    /** To a tenth of a percent, which is as exact as a reading over two seconds. */
    private static double rounded(double percent) {
        return Double.isNaN(percent) ? percent : Math.round(percent * 10) / 10.0;
    }

    void maxSlotsReached(MaxSlotsAdvice.Finding finding) {
        log.info(
                "gate '{}': limit has been at maxSlots = {} for {} s with CPU at {}, target {}: raise maxSlots",
                gate,
                finding.maxSlots(),
                finding.lasted().toSeconds(),
                percent(finding.cpu()),
                exactly(finding.targetCpu()));
    }

    void peers(int found) {
        log.info("gate '{}': shares the host with {} other {}", gate, found, found == 1 ? "gate" : "gates");
    }

    void fails(String subject, Object problem) {
        Throwable cause = problem instanceof Throwable thrown ? thrown : null;
        log.log(Level.WARN, cause, "{} fails: {} (logged once)", subject, problem);
    }

    void worksAgain(String subject) {
        log.info("{} works again", subject);
    }

    void leaks(SlotSet.Leaks leaks) {
        if (leaks.collected() > 0) {
            log.log(
                    Level.ERROR,
                    leaks.example(),
                    "gate '{}': slots that were garbage-collected without close() have been given back: {}{}",
                    gate,
                    leaks.collected(),
                    leaks.example() == null ? "; leakWarning(...) on the builder shows where they are taken" : "");
        }
        for (SlotSet.Overdue slot : leaks.overdue()) {
            log.log(
                    Level.WARN,
                    slot.origin(),
                    "gate '{}': a slot has been held for {} (logged once)",
                    gate,
                    Duration.ofNanos(slot.heldNanos()));
        }
    }

    void rejectedRetryAfter(String value) {
        log.warn(
                "gate '{}': the service sent the Retry-After '{}'; an invalid value counts as {} s, one above {} s as {} s (logged once)",
                gate,
                value,
                RetryAfter.DEFAULT.toSeconds(),
                RetryAfter.MAX.toSeconds(),
                RetryAfter.MAX.toSeconds());
    }

    void taskDropped(Throwable reason) {
        log.log(
                Level.ERROR,
                reason,
                "gate '{}': a task that waited in line was dropped, since it could not be started: {} (logged once)",
                gate,
                reason);
    }

    /** Logs that sessions wait for each other, or may do so, with the stacks of their threads. */
    void nested(boolean deadlock, Duration quiet, int threads, Throwable stacks) {
        log.log(
                deadlock ? Level.WARN : Level.INFO,
                stacks,
                "gate '{}': no session has ended for {} s although CPU is low and callers wait; {} ({} threads); call(...) within call(...) shares its slot, and whilePaused(...) lends it meanwhile (logged once)",
                gate,
                quiet.toSeconds(),
                deadlock
                        ? "each slot was taken by a thread that waits for another one"
                        : "either sessions are long, or they wait for other sessions of this gate",
                threads);
    }

    void dropped(long reports) {
        log.warn("gate '{}': its listeners missed {} step reports", gate, reports);
    }

    void deserted() {
        log.warn("gate '{}' was garbage-collected without close(); its threads end", gate);
    }
}
