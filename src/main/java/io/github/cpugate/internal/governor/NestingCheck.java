package io.github.cpugate.internal.governor;

import io.github.cpugate.StepReport;
import io.github.cpugate.internal.line.WaitingLine;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Detects sessions that wait for each other: each slot is held by a thread that waits in line for another slot, so no
 * slot will ever be given back. Looks for this state when no session has ended for a while although CPU is low, and
 * logs it once.
 */
final class NestingCheck {

    private static final Duration QUIET = Duration.ofSeconds(30);
    private static final double LOW_CPU = 0.8; // of the target
    private static final int MAX_STACKS = 5;

    private final WaitingLine line;
    private final GateLog log;
    private @Nullable Duration quietSince; // null: at the last step there was no reason to look
    private boolean logged;

    NestingCheck(WaitingLine line, GateLog log) {
        this.line = line;
        this.log = log;
    }

    /** Called with the report of each step, by one thread at a time. */
    void step(StepReport step) {
        if (logged || !isQuiet(step)) {
            quietSince = null;
        } else if (quietSince == null) {
            quietSince = step.elapsed();
        } else if (step.elapsed().minus(quietSince).compareTo(QUIET) >= 0) {
            Set<Thread> threads = line.waitingHolders();
            quietSince = null;
            if (!threads.isEmpty()) {
                Throwable stacks = stacks(threads);
                logged = log.write(writer -> writer.nested(threads.size(), stacks));
            }
        }
    }

    private static boolean isQuiet(StepReport step) {
        return step.waiting() > 0
                && step.inFlight() >= step.limitAfter()
                && step.admitted() + step.resumed() == 0
                && step.cpu().smoothed() < LOW_CPU * step.targetCpu();
    }

    /** Returns an exception with the stack of one thread; the stacks of some others are suppressed exceptions. */
    private static Throwable stacks(Set<Thread> threads) {
        Throwable first = null;
        int number = 0;
        for (Thread each : threads) {
            Throwable stack =
                    new IllegalStateException("thread '" + each.getName() + "' holds a slot and waits for one");
            stack.setStackTrace(each.getStackTrace());
            if (first == null) {
                first = stack;
            } else if (number < MAX_STACKS) {
                first.addSuppressed(stack);
            }
            number++;
        }
        return Objects.requireNonNull(first);
    }
}
