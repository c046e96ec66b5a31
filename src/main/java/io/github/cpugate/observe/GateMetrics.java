package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Observation;
import io.github.cpugate.Wait;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Meters of a gate, for Micrometer. They are tagged with the gate's name, come into the registries at its first step,
 * and leave them when it is closed, or found to be garbage.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().name("batch").listener(new GateMetrics(registry)).build();
 * }</pre>
 *
 * <p>Gauges and the counts of callers tell the moment of the scrape, steps or none. CPU is a ratio, 0.7 for 70 %; what
 * is unknown is {@code NaN}. Waits are those of callers who had to stand in line: to get a slot at once costs nothing
 * here.
 *
 * <p>For one gate, whose name no other gate in the registry has. Thread-safe. Needs {@code micrometer-core} at run
 * time.
 */
public final class GateMetrics implements GateListener, MeterBinder {

    private final Set<MeterRegistry> registries = ConcurrentHashMap.newKeySet();
    private final Queue<MeterRegistry> toCome = new ConcurrentLinkedQueue<>(); // of these, those without meters yet
    private final List<GateMeters> meters = new CopyOnWriteArrayList<>();
    private volatile @Nullable Supplier<GateSnapshot> gate; // null before its first step
    private volatile boolean closed;

    /**
     * Makes the metrics of one gate.
     *
     * @param registries where to; more may come by {@link #bindTo}
     */
    public GateMetrics(MeterRegistry... registries) {
        for (MeterRegistry registry : registries) {
            bindTo(registry);
        }
    }

    /**
     * Adds a registry, now or at the gate's first step. Does nothing if it has been added before, or if the gate is
     * closed. A registry and a composite that it is part of are two: add one of them.
     *
     * @param registry where to
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        if (registries.add(registry)) {
            toCome.add(registry);
            register();
        }
    }

    /** Puts the meters into the registries. */
    @Override
    public void onStart(Supplier<GateSnapshot> now) {
        Supplier<GateSnapshot> first = gate;
        if (first != null) {
            throw new IllegalStateException("these metrics are of gate '"
                    + first.get().gate() + "': gate '" + now.get().gate() + "' needs its own");
        }
        gate = now;
        register();
    }

    /** Each registry by one thread: whoever comes second, the gate or the registry, finds the other there. */
    private void register() {
        Supplier<GateSnapshot> now = gate;
        MeterRegistry registry;
        while (now != null && !closed && (registry = toCome.poll()) != null) {
            GateMeters added = new GateMeters(registry, now);
            meters.add(added);
            added.register();
        }
        if (closed) {
            onClose(); // meanwhile, and it did not find these
        }
    }

    /** Counts the step. */
    @Override
    public void onStep(Observation step) {
        for (GateMeters each : meters) {
            each.count(step);
        }
    }

    /** Begins to time the wait. */
    @Override
    public Wait onWait() {
        long began = System.nanoTime();
        return outcome -> {
            long nanos = System.nanoTime() - began;
            for (GateMeters each : meters) {
                each.record(outcome, nanos);
            }
        };
    }

    /** Takes the meters out of the registries. */
    @Override
    public void onClose() {
        closed = true;
        for (GateMeters each : meters) {
            each.remove();
        }
    }
}
