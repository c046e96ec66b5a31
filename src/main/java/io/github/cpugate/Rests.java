package io.github.cpugate;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Paused sessions that wait until the service wants to be asked again; the gate's closing ends that. Thread-safe. */
final class Rests {

    private final Map<Slot, CompletableFuture<@Nullable Void>> all = new ConcurrentHashMap<>(4);
    private volatile boolean closed;

    /**
     * Returns what the gate's closing completes, or has completed: it is looked for after this one is there to be seen.
     */
    CompletableFuture<@Nullable Void> begin(Slot slot) {
        CompletableFuture<@Nullable Void> rest = new CompletableFuture<>();
        all.put(slot, rest);
        if (closed) {
            rest.complete(null);
        }
        return rest;
    }

    /** Ends it; returns whether that is news. */
    boolean end(Slot slot) {
        return all.remove(slot) != null;
    }

    void close() {
        closed = true;
        all.values().forEach(rest -> rest.complete(null));
    }
}
