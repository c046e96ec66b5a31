package io.github.cpugate;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Tells listeners of waits, on the threads of those who wait. Whatever they throw ends up in the log once, and reaches
 * nobody.
 */
final class Waits {

    private final String gate;
    private final GateListener[] listeners;
    private final AtomicBoolean said = new AtomicBoolean();

    Waits(String gate, List<GateListener> listeners) {
        this.gate = gate;
        this.listeners = listeners.toArray(new GateListener[0]);
    }

    /** Tells that a caller has to wait; returns who is to be told how that ended, or null. Throws nothing. */
    @Nullable
    Wait began() {
        try {
            return ask();
        } catch (Throwable t) {
            return null; // no memory to wait with: the caller waits all the same
        }
    }

    private @Nullable Wait ask() {
        List<Wait> waits = null;
        for (GateListener listener : listeners) {
            try {
                Wait wait = listener.onWait();
                if (wait != null) {
                    waits = waits == null ? new ArrayList<>(listeners.length) : waits;
                    waits.add(wait);
                }
            } catch (Throwable t) {
                failed(t);
            }
        }
        if (waits == null) {
            return null;
        }
        List<Wait> told = waits;
        return outcome -> {
            for (Wait wait : told) {
                try {
                    wait.ended(outcome);
                } catch (Throwable t) {
                    failed(t);
                }
            }
        };
    }

    private void failed(Throwable cause) {
        if (said.compareAndSet(false, true)) {
            try {
                new FaultLog("a listener of waits of gate '" + gate + "'").failed(cause);
            } catch (Throwable t) {
                // Nowhere is left to say it.
            }
        }
    }
}
