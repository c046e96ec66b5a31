package io.github.cpugate.internal.governor;

import io.github.cpugate.StepReport;
import java.util.List;
import java.util.function.Consumer;

/**
 * A gate's log. It has a dispatcher of its own, so that, on a gate that is not manual, no step, listener or caller
 * waits for a message to be written, and a listener that hangs does not prevent logging.
 */
final class GateLog {

    private final LogWriter writer;
    private final Dispatcher dispatcher;
    private final MaxSlotsAdvice advice = new MaxSlotsAdvice();
    private volatile int peers; // the number that was logged last
    private final ForeignCode levelCheck; // runs where the step does, so that a step that is not logged wakes no thread

    GateLog(String gate, boolean manual) {
        this.writer = new LogWriter(gate);
        this.dispatcher =
                new Dispatcher("cpugate-log-" + gate, "the log of gate '" + gate + "'", List.of(writer), this, manual);
        this.levelCheck = new ForeignCode("the log of gate '" + gate + "'", this);
    }

    /** Logs a step, if its level is enabled. */
    void step(StepReport step, boolean byHand) {
        MaxSlotsAdvice.Finding finding = advice.afterStep(step);
        if (finding != null) {
            var unused = write(writer -> writer.maxSlotsReached(finding));
        }
        int found = step.hostShare().peers();
        if (found != peers) {
            peers = found;
            var unused = write(writer -> writer.peers(found));
        }
        if (isLogged(step)) {
            dispatcher.step(step, byHand);
        }
    }

    private boolean isLogged(StepReport step) {
        if (levelCheck.thread() != null) {
            return false; // another step hangs in it
        }
        levelCheck.enter();
        try {
            return writer.logs(step);
        } catch (Throwable t) {
            return true; // the fault of the log shows again, and is reported, when the step is written
        } finally {
            levelCheck.exit();
        }
    }

    ForeignCode levelCheck() {
        return levelCheck;
    }

    /** Logs a message; returns whether there was room for it. */
    boolean write(Consumer<LogWriter> message) {
        return dispatcher.add(unused -> message.accept(writer));
    }

    /** Ends the log's thread once all that is pending has been written. Does not wait for that. */
    void close() {
        dispatcher.close(0);
    }
}
