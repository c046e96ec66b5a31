package io.github.cpugate;

/** One caller's wait in line, as a listener wants to know of it: see {@link GateListener#onWait()}. */
@FunctionalInterface
public interface Wait {

    /** How a wait ended. */
    enum Outcome {
        /** With a slot. */
        ADMITTED,
        /** Without: its time had passed. */
        TIMED_OUT,
        /** Without: the thread was interrupted. */
        INTERRUPTED,
        /** Without: the future was cancelled, or completed by others. */
        CANCELLED,
        /** Without: the gate was closed. */
        CLOSED
    }

    /**
     * Told once that the wait has ended, on the thread that waited, or that completed the future. It must not block:
     * that is a caller of the gate. What it throws goes to the log, once, and nowhere else.
     *
     * @param outcome how
     */
    void ended(Outcome outcome);
}
