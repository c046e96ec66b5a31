package io.github.cpugate.internal.line;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Records whether the current thread runs a session on behalf of the gate, so that a nested call can share the
 * session's slot. A thread does one thing at a time, and a call that waited for a second slot while its thread held the
 * first could wait for ever.
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

    /** Calls {@code work}. Meanwhile, {@link #isInside} returns true on this thread. */
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
