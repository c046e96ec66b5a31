package io.github.cpugate;

/** Thrown at once to a caller that would have to wait while the line is full: see {@code maxWaiting} on the builder. */
public final class GateFullException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param gate the gate's name
     * @param waiting the number of callers in line, which is the bound
     */
    public GateFullException(String gate, int waiting) {
        super("gate '" + gate + "' is full: " + waiting + " callers wait in line");
    }
}
