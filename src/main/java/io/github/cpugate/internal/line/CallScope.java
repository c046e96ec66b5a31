package io.github.cpugate.internal.line;

import org.jspecify.annotations.Nullable;

/**
 * Knows whether the current thread runs a session on behalf of the gate, so that a call within it can share its slot. A
 * thread does one thing at a time; a call that waited for a second slot while its thread holds the first could wait for
 * ever.
 */
public final class CallScope {

    private final ThreadLocal<@Nullable Boolean> inside = new ThreadLocal<>();

    /** Whether the current thread runs a session on behalf of the gate. */
    public boolean isInside() {
        if (inside.get() != null) {
            return true;
        }
        inside.remove(); // get() has left an entry in the thread
        return false;
    }

    /** Marks the beginning of a session on the current thread. Returns what to pass to {@link #exit}. */
    public boolean enter() {
        boolean nested = isInside();
        inside.set(true);
        return nested;
    }

    /** Marks the end of a session; {@code nested} is what {@link #enter} has returned. */
    public void exit(boolean nested) {
        if (!nested) {
            inside.remove();
        }
    }
}
