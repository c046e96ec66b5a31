package io.github.cpugate.internal.line;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether the current thread runs a session on behalf of the gate, so that a call within it can share its slot. A
 * thread does one thing at a time; a call that waited for a second slot while it holds the first could wait for ever.
 */
public final class CallScope {

    private final ThreadLocal<@Nullable Boolean> inside = new ThreadLocal<>();

    /** Whether the current thread is in {@link #call}. */
    public boolean isInside() {
        if (inside.get() != null) {
            return true;
        }
        inside.remove(); // get() has left an entry in the thread
        return false;
    }

    /** Calls {@code work}, which {@link #isInside}. */
    public <T extends @Nullable Object> T call(Callable<T> work) throws Exception {
        boolean nested = isInside();
        inside.set(true);
        try {
            return work.call();
        } finally {
            if (!nested) {
                inside.remove();
            }
        }
    }
}
