package io.github.cpugate.observe;

import io.github.cpugate.GateSnapshot;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters that gates have registered in one registry, and for each meter the gates that it shows.
 *
 * <p>A registry has one meter for an id, which is a name with its tags. Each gate that registers the id receives that
 * meter, which shows the values of the first one, and a removal removes it for all of them. So gates of one name share
 * their meters, and so do gates whose names a {@code MeterFilter} makes equal. A gauge shows the gate that was added
 * last and is still open, a counter counts for all of them, and a meter is removed when the last of its gates is
 * closed.
 *
 * <p>Thread-safe.
 */
final class SharedMeters {

    private static final ReentrantLock ALL_LOCK = new ReentrantLock();

    /**
     * Guarded by {@link #ALL_LOCK}. Weak on both sides, so that it keeps no registry from garbage collection. As long
     * as a gate is shown, its listener and the registry's gauges refer to the object here.
     */
    private static final Map<MeterRegistry, WeakReference<SharedMeters>> ALL = new WeakHashMap<>();

    private final MeterRegistry registry;

    /**
     * Held while a meter is registered or removed, also while foreign code of the registry runs: otherwise a gate could
     * receive a meter that another gate is about to remove. A scrape does not acquire it.
     */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Meter.Id, Shared> byId = new HashMap<>(); // guarded by lock

    private SharedMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    static SharedMeters of(MeterRegistry registry) {
        ALL_LOCK.lock();
        try {
            WeakReference<SharedMeters> known = ALL.get(registry);
            SharedMeters meters = known == null ? null : known.get();
            if (meters == null) {
                meters = new SharedMeters(registry);
                ALL.put(registry, new WeakReference<>(meters));
            }
            return meters;
        } finally {
            ALL_LOCK.unlock();
        }
    }

    /** The open gates that a meter shows, the newest last, and the sum of the values that the closed ones had. */
    private record Gates(List<Supplier<GateSnapshot>> open, double sumOfClosed) {}

    /** What a meter shows: a value of the gates that share it. */
    final class Shared {

        private final ToDoubleFunction<GateSnapshot> value;
        private volatile Gates gates = new Gates(List.of(), 0); // written under the lock
        private @Nullable Meter meter; // guarded by the lock

        private Shared(ToDoubleFunction<GateSnapshot> value) {
            this.value = value;
        }

        /** The value of the newest open gate; {@code NaN} if there is none. */
        double ofNewest() {
            List<Supplier<GateSnapshot>> open = gates.open;
            return open.isEmpty() ? Double.NaN : valueOf(open.get(open.size() - 1));
        }

        /** The sum of the values of all gates, the closed ones included, so that a counter never falls. */
        double sum() {
            Gates now = gates;
            return now.sumOfClosed
                    + now.open.stream().mapToDouble(this::valueOf).sum();
        }

        private double valueOf(Supplier<GateSnapshot> gate) {
            return value.applyAsDouble(gate.get());
        }

        /**
         * Under the lock. Does nothing if the gate has been added before, as when two of its listeners have this
         * registry.
         */
        private void add(Supplier<GateSnapshot> gate) {
            if (!gates.open.contains(gate)) {
                List<Supplier<GateSnapshot>> open = new ArrayList<>(gates.open);
                open.add(gate);
                gates = new Gates(open, gates.sumOfClosed);
            }
        }

        /** Under the lock. */
        private void remove(Supplier<GateSnapshot> gate) {
            List<Supplier<GateSnapshot>> open = new ArrayList<>(gates.open);
            if (open.remove(gate)) {
                gates = new Gates(open, gates.sumOfClosed + valueOf(gate));
            }
            if (open.isEmpty() && meter != null) {
                byId.remove(meter.getId());
                registry.remove(meter);
            }
        }
    }

    /**
     * Adds a gate to a meter.
     *
     * @param value what the meter shows of a gate; 0 if the meter is not computed but written to
     * @param register registers a meter that shows the {@code Shared} it receives
     */
    <M extends Meter> M add(
            Supplier<GateSnapshot> gate, ToDoubleFunction<GateSnapshot> value, Function<Shared, M> register) {
        lock.lock();
        try {
            Shared added = new Shared(value);
            M meter = register.apply(added);
            Shared known = byId.get(meter.getId());
            if (known == null || known.meter != meter) { // other code may have removed the known one
                added.meter = meter;
                added.gates = known == null ? added.gates : known.gates;
                known = added;
                byId.put(meter.getId(), known);
            }
            known.add(gate);
            return meter;
        } finally {
            lock.unlock();
        }
    }

    /** Removes a gate from all meters, and removes from the registry each meter that no longer shows a gate. */
    void remove(Supplier<GateSnapshot> gate) {
        lock.lock();
        try {
            Independently.forEach(List.copyOf(byId.values()), each -> each.remove(gate));
        } finally {
            lock.unlock();
        }
    }
}
