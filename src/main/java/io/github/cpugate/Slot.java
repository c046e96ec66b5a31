package io.github.cpugate;

import org.jspecify.annotations.Nullable;

/**
 * The right to run one session, held from admission until {@link #close()}.
 *
 * <p>Use it in a try-with-resources statement. It may be closed by any thread, not just by the one that got it. A slot
 * that is garbage-collected without having been closed is given back by one of the governor's next steps, which logs
 * that as an error.
 */
public final class Slot implements AutoCloseable {

    private final WaitingLine line;

    /** Where it was taken; null unless its gate was built with {@code leakWarning}. */
    final HeldSlots.@Nullable Origin origin;

    /** Its place among the slots held, or -1 if it is not held; guarded by the line's lock. */
    int index = -1;

    Slot(WaitingLine line) {
        this.line = line;
        this.origin = line.looksForLeaks() ? new HeldSlots.Origin() : null;
    }

    /**
     * Gives the slot back, and admits the next in line if it fits under the limit. Closing again does nothing.
     *
     * <p>Does not block, save for the gate's lock, which nobody holds for longer than a look at each slot takes. What
     * this thread did before happens-before what the next holder of the slot does after getting it.
     */
    @Override
    public void close() {
        line.leave(this);
    }
}
