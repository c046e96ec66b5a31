package io.github.cpugate.internal.governor;

import io.github.cpugate.GateListener;
import io.github.cpugate.Wait;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reports waits to the listeners, on the threads of the callers that wait. What a listener throws is logged once and
 * reaches no caller.
 */
final class WaitListeners implements Supplier<@Nullable Wait> {

    private final GateListener[] listeners;
    private final FaultLog faults;

    WaitListeners(List<GateListener> listeners, FaultLog faults) {
        this.listeners = listeners.toArray(new GateListener[0]);
        this.faults = faults;
    }

    /** Reports that a wait begins; returns what to call when it has ended, or null. Throws nothing. */
    @Override
    public @Nullable Wait get() {
        try {
            return begin();
        } catch (Throwable t) {
            return null; // out of memory: the caller waits all the same
        }
    }

    private @Nullable Wait begin() {
        List<Wait> waits = null;
        for (GateListener listener : listeners) {
            try {
                Wait wait = listener.onWait();
                faults.worked();
                if (wait != null) {
                    waits = waits == null ? new ArrayList<>(listeners.length) : waits;
                    waits.add(wait);
                }
            } catch (Throwable t) {
                faults.failed(t);
            }
        }
        if (waits == null) {
            return null;
        }
        List<Wait> begun = waits;
        return outcome -> {
            for (Wait wait : begun) {
                try {
                    wait.ended(outcome);
                } catch (Throwable t) {
                    faults.failed(t);
                }
            }
        };
    }
}
