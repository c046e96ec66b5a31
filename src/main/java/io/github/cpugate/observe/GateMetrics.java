package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
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
 * Registers a gate's meters with Micrometer. They are tagged with the gate's name, and are registered from the gate's
 * start, which on a manual gate is its first step, until the gate is closed. A gate that is garbage-collected is closed
 * too, once it is idle; a manual gate is not, since it has no thread that would notice.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().name("batch").listener(new GateMetrics(registry)).build();
 * }</pre>
 *
 * <p>Gauges and the counts of callers have the values of the moment of the scrape, even between steps. CPU is a ratio,
 * 0.7 for 70 %; an unknown value is {@code NaN}. Only callers that have to wait in line are timed; a slot that is
 * granted at once costs nothing here.
 *
 * <p>An instance serves one gate, whose name must be unique in the registry. Thread-safe. Needs {@code micrometer-core}
 * at run time.
 */
public final class GateMetrics implements GateListener, MeterBinder {

    private final Set<MeterRegistry> registries = ConcurrentHashMap.newKeySet();
    private final Queue<MeterRegistry> pending = new ConcurrentLinkedQueue<>(); // registries without meters yet
    private final List<GateMeters> meters = new CopyOnWriteArrayList<>();
    private volatile @Nullable Supplier<GateSnapshot> gate; // null until the gate starts
    private volatile boolean closed;

    /**
     * Creates the metrics of one gate.
     *
     * @param registries where to register the meters; {@link #bindTo} adds more
     */
    public GateMetrics(MeterRegistry... registries) {
        for (MeterRegistry registry : registries) {
            bindTo(registry);
        }
    }

    /**
     * Registers the meters, now or when the gate starts. Does nothing if the registry has been added before, or if the
     * gate is closed. A registry and a composite that contains it count as two: add one of them.
     *
     * @param registry where to register the meters
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        if (registries.add(registry)) {
            pending.add(registry);
            register();
        }
    }

    /** Throws an {@link IllegalStateException} if this instance already serves a gate. */
    @Override
    public void onStart(Supplier<GateSnapshot> now) {
        Supplier<GateSnapshot> first = gate;
        if (first != null) {
            throw new IllegalStateException("these metrics belong to gate '"
                    + first.get().gate() + "'; gate '" + now.get().gate() + "' needs its own");
        }
        gate = now;
        register();
    }

    /** Each registry is taken by exactly one thread. It does not matter which is added first, gate or registry. */
    private void register() {
        Supplier<GateSnapshot> now = gate;
        MeterRegistry registry;
        while (now != null && !closed && (registry = pending.poll()) != null) {
            GateMeters added = new GateMeters(registry, now);
            meters.add(added);
            added.register();
        }
        if (closed) {
            onClose(); // the gate was closed meanwhile, and that call may have missed these meters
        }
    }

    @Override
    public void onStep(StepReport step) {
        for (GateMeters each : meters) {
            each.count(step);
        }
    }

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

    @Override
    public void onClose() {
        closed = true;
        for (GateMeters each : meters) {
            each.remove();
        }
    }
}
