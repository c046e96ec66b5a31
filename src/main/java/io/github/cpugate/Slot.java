package io.github.cpugate;

/**
 * The right to run one session, held from admission until {@link #close()}.
 *
 * <p>Use it in a try-with-resources statement. It may be closed by any thread, not just by the one that got it.
 */
public final class Slot implements AutoCloseable {

    private final WaitingLine line;

    /** Between admission and the first close; guarded by the line's lock. */
    boolean held;

    Slot(WaitingLine line) {
        this.line = line;
    }

    /**
     * Gives the slot back, and admits the next in line if it fits under the limit. Closing again does nothing.
     *
     * <p>Does not block, save for the gate's lock, which is held for a few field accesses at a time. What this thread
     * did before happens-before what the next holder of the slot does after getting it.
     */
    @Override
    public void close() {
        line.leave(this);
    }
}
