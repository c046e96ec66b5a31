package io.github.cpugate;

import org.jspecify.annotations.Nullable;

/**
 * Says once that something outside the gate fails, and once that it works again.
 *
 * <p>After a fault it has to work {@value #STEADY} times in a row before it counts as working, and twice as often after
 * each relapse: so what fails and works by turns soon is no longer news. Not thread-safe.
 *
 * <p>Lets nothing out: not what the log throws, and not the lack of memory that may be the very fault to report.
 */
final class FaultLog {

    private static final int STEADY = 10;
    private static final int STEADIEST = 10_000;

    private final String subject;
    private volatile boolean said; // that it fails
    private int worked;
    private int steady = STEADY;

    /** A log of the faults of {@code subject}, as in "the CPU sampler of gate 'batch'". */
    FaultLog(String subject) {
        this.subject = subject;
    }

    void failed(Object detail) {
        worked = 0;
        if (!said) {
            try {
                StepLog.logger().warn("{} fails: {} (said once)", subject, detail);
                said = true;
            } catch (Throwable t) {
                // Nowhere is left to say it. The next fault tries again.
            }
        }
    }

    void failed(Throwable cause) {
        worked = 0;
        if (!said) {
            try {
                StepLog.logger().warn("{} fails: {} (said once)", subject, cause, cause);
                said = true;
            } catch (Throwable t) {
                failed(cause.getClass()); // its message may be what throws
            }
        }
    }

    /** Whether it is no news that it works. May be asked on any thread. */
    boolean isQuiet() {
        return !said;
    }

    /** Says the problem, or that it worked if there is none. */
    void say(@Nullable Object problem) {
        if (problem == null) {
            worked();
        } else if (problem instanceof Throwable cause) {
            failed(cause);
        } else {
            failed(problem);
        }
    }

    void worked() {
        if (said && ++worked >= steady) {
            said = false;
            steady = Math.min(2 * steady, STEADIEST);
            try {
                StepLog.logger().info("{} works again", subject);
            } catch (Throwable t) {
                // It works all the same.
            }
        }
    }
}
