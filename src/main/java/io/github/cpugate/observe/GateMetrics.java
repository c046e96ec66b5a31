package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
import io.github.cpugate.Wait;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
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
 * <p>An instance serves one gate. Gates of one name, such as a rebuilt gate and the old one that is still open, share
 * their meters in a registry: a gauge shows the newest of these gates that is open, a counter or timer counts for all
 * of them and never falls, and the meters are removed when the last one is closed. Gates whose names a
 * {@code MeterFilter} drops or makes equal share their meters, too.
 *
 * <p>What a registry or one of its filters throws is logged once, as the fault of a listener. The meter that it failed
 * to make is missing; all others are there, in that registry and in the others.
 *
 * <p>Thread-safe. Needs {@code micrometer-core} at run time.
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
     * gate is closed. A registry and a composite that contains it count as two: add one of them. If the gate has
     * started, this method throws what the registry throws, once it has registered the other meters.
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
        if (now == null) {
            return;
        }
        List<MeterRegistry> taken = new ArrayList<>();
        MeterRegistry registry;
        while (!closed && (registry = pending.poll()) != null) {
            taken.add(registry);
        }
        Independently.forEach(taken, each -> register(each, now));
    }

    private void register(MeterRegistry registry, Supplier<GateSnapshot> now) {
        GateMeters added = new GateMeters(registry, now);
        meters.add(added);
        try {
            added.register();
        } finally {
            if (closed) {
                added.remove(); // the gate was closed meanwhile, and onClose() may have missed these meters
            }
        }
    }

    @Override
    public void onStep(StepReport step) {
        Independently.forEach(meters, each -> each.count(step));
    }

    @Override
    public Wait onWait() {
        long began = System.nanoTime();
        return outcome -> {
            long nanos = System.nanoTime() - began;
            Independently.forEach(meters, each -> each.record(outcome, nanos));
        };
    }

    @Override
    public void onClose() {
        closed = true;
        Independently.forEach(meters, GateMeters::remove);
    }
}
