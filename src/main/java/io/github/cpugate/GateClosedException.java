package io.github.cpugate;

/** Thrown to callers of a gate that has been closed, those that were waiting in line included. */
public final class GateClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    GateClosedException(String gate) {
        super("gate '" + gate + "' is closed");
    }
}
