package io.github.cpugate.internal.governor;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Logs once that something fails, and once that it works again.
 *
 * <p>After a fault it must work {@value #FIRST_RECOVERY} times in a row before it counts as working, and twice as many
 * times after each recovery, so that something that fails and works alternately soon logs no more.
 *
 * <p>Thread-safe. No method throws, even if the log does, or if the fault to report is a lack of memory.
 */
class FaultLog {

    private static final int FIRST_RECOVERY = 10;
    private static final int MAX_RECOVERY = 10_000;

    private final String name;
    private final GateLog log;
    private final AtomicBoolean failing = new AtomicBoolean(); // from the logged fault until the recovery

    private final AtomicInteger successes = new AtomicInteger(); // in a row
    private volatile int successesToRecover = FIRST_RECOVERY; // written by the thread that reports success

    /** A log of the faults of something named as in "the CPU sampler of gate 'batch'". */
    FaultLog(String name, GateLog log) {
        this.name = name;
        this.log = log;
    }

    final String name() {
        return name;
    }

    /** Reports a call: what was wrong with it, or null if it worked. */
    final void report(@Nullable Object problem) {
        if (problem == null) {
            worked();
        } else {
            failed(problem);
        }
    }

    /** Reports a fault, a Throwable or a text. */
    final void failed(Object problem) {
        try {
            successes.set(0);
            if (failing.compareAndSet(false, true) && !log.write(writer -> write(writer, problem))) {
                failing.set(false); // the next fault tries again
            }
        } catch (Throwable t) { // out of memory
            failing.set(false);
        }
    }

    private void write(LogWriter writer, Object problem) {
        try {
            writer.fails(name, problem);
        } catch (Throwable t) {
            failing.set(false); // the next fault tries again
        }
    }

    /** Reports that a call worked; returns whether that ends a fault. */
    final boolean worked() {
        if (!failing.get() || successes.incrementAndGet() < successesToRecover || !failing.compareAndSet(true, false)) {
            return false;
        }
        successesToRecover = Math.min(2 * successesToRecover, MAX_RECOVERY);
        try {
            var unused = log.write(writer -> writer.worksAgain(name));
        } catch (Throwable t) {
            // Out of memory. It works all the same.
        }
        return true;
    }
}
