package io.github.cpugate.internal.governor;

import io.github.cpugate.StepReport;
import io.github.cpugate.internal.line.WaitingLine;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Detects sessions that wait for each other. Looks for them when every slot is held, callers wait, and no session has
 * ended for a while although CPU is low.
 *
 * <p>If each slot is held by a thread that waits in line for another slot, no slot will ever be given back; that is
 * logged as a warning. If threads hold slots for much longer, they may wait for each other in another way, for example
 * for a future, or their sessions may simply be long; that is logged as a hint. Either is logged once.
 */
final class NestingCheck {

    private static final Duration DEADLOCK_AFTER = Duration.ofSeconds(30);
    private static final Duration HINT_AFTER = Duration.ofMinutes(5);
    private static final double LOW_CPU = 0.8; // of the target
    private static final int MAX_STACKS = 5;

    private final WaitingLine line;
    private final GateLog log;
    private @Nullable Duration quietSince; // null: at the last step there was no reason to look
    private boolean deadlockLogged;
    private boolean hintLogged;

    NestingCheck(WaitingLine line, GateLog log) {
        this.line = line;
        this.log = log;
    }

    /** Called with the report of each step, by one thread at a time. */
    void step(StepReport step) {
        if (!isQuiet(step)) {
            quietSince = null;
            return;
        }
        quietSince = quietSince == null ? step.elapsed() : quietSince;
        Duration quiet = step.elapsed().minus(quietSince);
        if (!deadlockLogged && quiet.compareTo(DEADLOCK_AFTER) >= 0) {
            Set<Thread> threads = line.holders(true);
            deadlockLogged = !threads.isEmpty() && log(true, quiet, threads);
        }
        if (!deadlockLogged && !hintLogged && quiet.compareTo(HINT_AFTER) >= 0) {
            Set<Thread> threads = line.holders(false);
            hintLogged = !threads.isEmpty() && log(false, quiet, threads);
        }
    }

    private boolean log(boolean deadlock, Duration quiet, Set<Thread> threads) {
        Throwable stacks = stacks(threads);
        return log.write(writer -> writer.nested(deadlock, quiet, threads.size(), stacks));
    }

    private static boolean isQuiet(StepReport step) {
        return step.waiting() > 0
                && step.inFlight() >= step.limitAfter()
                && step.admitted() + step.resumed() == 0
                && step.cpu().smoothed() < LOW_CPU * step.targetCpu();
    }

    /** Returns an exception with the stack of one thread; the stacks of some others are suppressed exceptions. */
    private static Throwable stacks(Set<Thread> threads) {
        List<Throwable> stacks =
                threads.stream().limit(MAX_STACKS).map(NestingCheck::stack).toList();
        Throwable first = stacks.get(0);
        stacks.subList(1, stacks.size()).forEach(first::addSuppressed);
        return first;
    }

    private static Throwable stack(Thread thread) {
        Throwable stack = new IllegalStateException("thread '" + thread.getName() + "' took a slot");
        stack.setStackTrace(thread.getStackTrace());
        return stack;
    }
}
