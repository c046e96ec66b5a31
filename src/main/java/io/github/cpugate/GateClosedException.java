package io.github.cpugate;

/** Thrown to callers of a gate that has been closed, including those that were waiting in line. */
public final class GateClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception. Public so that a test can fake a closed gate.
     *
     * @param gate the name of the gate that is closed
     */
    public GateClosedException(String gate) {
        super("gate '" + gate + "' is closed");
    }
}
