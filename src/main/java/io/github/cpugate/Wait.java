package io.github.cpugate;

/** Receives the end of one caller's wait in line: see {@link GateListener#onWait()}. */
@FunctionalInterface
public interface Wait {

    /** How a wait ended. */
    enum Outcome {
        /** The caller received a slot. */
        ADMITTED,
        /** The caller's time passed, and it received no slot. */
        TIMED_OUT,
        /** The caller's thread was interrupted, and it received no slot. */
        INTERRUPTED,
        /**
         * The caller's future was cancelled or completed by other code, or the line became full before the caller could
         * join it, and it received no slot.
         */
        CANCELLED,
        /** The gate was closed, and the caller received no slot. */
        CLOSED
    }

    /**
     * Called once when the wait has ended, on the thread that waited, or on the thread that completes the future. It
     * must not block, since it delays a caller of the gate. An exception that it throws is logged once and does not
     * reach the caller.
     *
     * @param outcome how the wait ended
     */
    void ended(Outcome outcome);
}
