package io.github.cpugate.internal.governor;

import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The thread that makes a governor's steps. It ends by itself once the gate is garbage, no slot is held or paused, and
 * no caller waits.
 */
final class GovernorThread extends RepeatingThread {

    private final Governor governor;
    private final long periodNanos;
    private final WeakReference<?> owner; // the gate
    private final AtomicBoolean deserted = new AtomicBoolean();
    private final FaultLog faults; // of whole steps
    private volatile @Nullable Watch watch; // started by the first step

    GovernorThread(Governor governor, long periodNanos, Object owner) {
        super("cpugate-governor-" + governor.gate());
        this.governor = governor;
        this.periodNanos = periodNanos;
        this.owner = new WeakReference<>(owner);
        this.faults = governor.faultLog("the governor");
    }

    @Override
    long pauseNanos() {
        return periodNanos;
    }

    @Override
    void work() {
        try {
            if (endIfDeserted()) {
                return;
            }
            startWatch();
            var unused = governor.step(false);
            faults.worked();
        } catch (Throwable t) {
            faults.failed(t);
        }
    }

    /** Closes the governor once its gate is garbage, and the line idle; returns whether it has. */
    boolean endIfDeserted() {
        boolean isDeserted = owner.refersTo(null) && governor.isIdle();
        if (isDeserted && deserted.compareAndSet(false, true)) {
            var unused = governor.log().write(LogWriter::deserted);
            governor.close();
        }
        return isDeserted;
    }

    private void startWatch() {
        if (watch == null) {
            try {
                Watch made = new Watch(governor, this);
                made.start();
                watch = made;
                if (isEnded()) {
                    made.end(); // end() may have looked for it just before
                }
            } catch (Throwable t) {
                // No memory for a thread: the next step tries again.
            }
        }
    }

    @Override
    void end() {
        super.end();
        Watch running = watch;
        if (running != null) {
            running.end();
        }
    }
}
