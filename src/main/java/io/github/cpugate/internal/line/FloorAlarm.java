package io.github.cpugate.internal.line;

/**
 * Calls the line when a shut slot of the floor opens while callers wait for it. No other thread would do so on a manual
 * gate, and on any other gate not before the next step.
 *
 * <p>Only the last alarm counts. An alarm for an earlier time replaces it; the replaced alarm still rings, but sets no
 * further one. Otherwise, the number of alarms would grow with each replacement.
 */
final class FloorAlarm {

    /** The shortest time of an alarm, so that a clock that stands still, as in a test, does not keep the timer busy. */
    private static final long MIN_NANOS = 10_000_000;

    private final WaitingLine line;

    // Guarded by the line's lock.
    private boolean set;
    private long ringsAt; // if set
    private int number; // of the last alarm

    FloorAlarm(WaitingLine line) {
        this.line = line;
    }

    /**
     * Returns whether an alarm must be set so that the line is called after {@code nanos}, and counts it as set.
     * {@link Long#MAX_VALUE} means never. Called under the line's lock.
     */
    boolean isNeeded(long now, long nanos) {
        if (nanos == Long.MAX_VALUE || (set && ringsAt - (now + nanos) <= 0)) {
            return false;
        }
        set = true;
        ringsAt = now + nanos;
        number++;
        return true;
    }

    /** Returns the number of the last alarm. Called under the line's lock. */
    int number() {
        return number;
    }

    /** Sets the alarm of that number. Not called under the lock. */
    void set(int ofNumber, long nanos) {
        try {
            line.schedule(() -> ring(ofNumber), Math.max(nanos, MIN_NANOS));
        } catch (Throwable t) { // no thread for the timer
            end(ofNumber); // the next call of the line tries again
        }
    }

    /** Calls the line, which hands over what the clock has opened. If its clock is behind, it sets the alarm again. */
    private void ring(int ofNumber) {
        try {
            end(ofNumber);
            var unused = line.snapshot();
        } catch (Throwable t) { // out of memory
            set(ofNumber, 0);
        }
    }

    private void end(int ofNumber) {
        line.lock.lock();
        try {
            set &= ofNumber != number;
        } finally {
            line.lock.unlock();
        }
    }
}
