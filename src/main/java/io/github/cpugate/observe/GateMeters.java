package io.github.cpugate.observe;

import io.github.cpugate.Binding;
import io.github.cpugate.Binding.Side;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Observation;
import io.github.cpugate.Reason;
import io.github.cpugate.Wait.Outcome;
import io.github.cpugate.cpu.CpuSample;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * One gate's meters in one registry.
 *
 * <p>All that can be foreseen are there from the start, at zero: of a series that begins at one, Prometheus does not
 * see that it rose.
 */
final class GateMeters {

    private final MeterRegistry registry;
    private final Supplier<GateSnapshot> now;
    private final String gate;
    private final List<Meter> all = new CopyOnWriteArrayList<>();
    private final Map<Outcome, Timer> waits = new ConcurrentHashMap<>();
    private final Map<Step, Counter> steps = new ConcurrentHashMap<>();
    private final AtomicBoolean removed = new AtomicBoolean();

    /** Steps that are counted together. */
    private record Step(Reason reason, String move) {

        static Step of(Observation step) {
            return of(step.reason(), step.limitAfter() - step.limitBefore());
        }

        static Step of(Reason reason, int moved) {
            return new Step(reason, moved == 0 ? "none" : moved > 0 ? "up" : "down");
        }

        static Step usual(Reason reason) {
            return of(reason, reason == Reason.HEADROOM ? 1 : reason == Reason.OVER_TARGET ? -1 : 0);
        }
    }

    GateMeters(MeterRegistry registry, Supplier<GateSnapshot> now) {
        this.registry = registry;
        this.now = now;
        this.gate = now.get().gate();
    }

    void register() {
        slots("limit", "Slots allowed at once", GateSnapshot::limit);
        slots("cpu.limit", "Slots that CPU allows at once", GateSnapshot::cpuLimit);
        slots(
                "api.ceiling",
                "Slots that the service seems to allow at once, by its refusals",
                GateSnapshot::apiCeiling);
        slots("min", "The lowest that the limit may be", GateSnapshot::minSlots);
        slots("max", "The highest that the limit may be", GateSnapshot::maxSlots);
        slots("in.flight", "Slots held by callers", GateSnapshot::inFlight);
        gauge(Gauge.builder("cpugate.callers.waiting", now, of(GateSnapshot::waiting))
                .description("Callers in line for a slot"));
        cpu("raw", "CPU at the last reading, of the host or of the quota that binds", CpuSample::raw);
        cpu("smoothed", "CPU by which the limit goes: readings, smoothed", CpuSample::smoothed);
        cpu("own", "CPU that this JVM used of the last reading", CpuSample::own);
        cpu("others", "CPU that others than this JVM used of the last reading", CpuSample::others);
        ratio("target", "CPU that the gate is to hold", GateSnapshot::targetCpu);
        callers("admitted", "Callers who got a slot, at once or after a wait", GateSnapshot::admitted);
        callers("timed.out", "Callers who left the line since their time had passed", GateSnapshot::timedOut);
        callers("rate.limited", "Refusals by the service, as callers told them", GateSnapshot::rateLimited);
        bound(Side.CPU, Binding::cpu);
        bound(Side.API, Binding::api);
        bound(Side.MAX_SLOTS, Binding::maxSlots);
        for (Outcome outcome : Outcome.values()) {
            wait(outcome);
        }
        for (Reason reason : Reason.values()) {
            steps(Step.usual(reason));
        }
        steps(Step.of(Reason.RATE_LIMITED, 1));
        steps(Step.of(Reason.RATE_LIMITED, -1));
    }

    private void slots(String name, String description, ToDoubleFunction<GateSnapshot> value) {
        gauge(Gauge.builder("cpugate.slots." + name, now, of(value)).description(description));
    }

    private void cpu(String name, String description, ToDoubleFunction<CpuSample> percent) {
        ratio(name, description, seen -> percent.applyAsDouble(seen.cpu()));
    }

    /** Percent in all the library, but the base unit of Prometheus is the ratio. */
    private void ratio(String name, String description, ToDoubleFunction<GateSnapshot> percent) {
        gauge(Gauge.builder("cpugate.cpu." + name, now, of(seen -> percent.applyAsDouble(seen) / 100))
                .description(description)
                .baseUnit("ratio"));
    }

    private void gauge(Gauge.Builder<?> made) {
        keep(made.strongReference(true).tag("gate", gate).register(registry));
    }

    private void callers(String name, String description, ToDoubleFunction<GateSnapshot> count) {
        counter(FunctionCounter.builder("cpugate.callers." + name, now, of(count))
                .description(description));
    }

    private void bound(Side side, Function<Binding, Duration> time) {
        counter(FunctionCounter.builder(
                        "cpugate.bound",
                        now,
                        of(seen -> time.apply(seen.binding()).toNanos() / 1e9))
                .description("Time for which this side held callers in line back")
                .baseUnit("seconds")
                .tag("side", side.name()));
    }

    /** Refers to {@link #now} weakly, but so long as the gate is there, its listeners are, and they have it. */
    private void counter(FunctionCounter.Builder<?> made) {
        keep(made.tag("gate", gate).register(registry));
    }

    private static ToDoubleFunction<Supplier<GateSnapshot>> of(ToDoubleFunction<GateSnapshot> value) {
        return now -> value.applyAsDouble(now.get());
    }

    /** Whoever comes twice for the same one is given the same one by the registry. */
    private Timer wait(Outcome outcome) {
        Timer known = waits.get(outcome);
        if (known == null) {
            known = keep(Timer.builder("cpugate.slot.wait")
                    .description("Waits in line, of callers who got no slot at once")
                    .minimumExpectedValue(Duration.ofMillis(1)) // of a histogram, if there is to be one
                    .maximumExpectedValue(Duration.ofMinutes(10))
                    .tag("gate", gate)
                    .tag("outcome", outcome.name())
                    .register(registry));
            waits.put(outcome, known);
        }
        return known;
    }

    private Counter steps(Step step) {
        Counter known = steps.get(step);
        if (known == null) {
            known = keep(Counter.builder("cpugate.steps")
                    .description("Steps of the governor, by why and whither they moved the limit, or held it")
                    .tag("gate", gate)
                    .tag("reason", step.reason.name())
                    .tag("move", step.move)
                    .register(registry));
            steps.put(step, known);
        }
        return known;
    }

    private <M extends Meter> M keep(M meter) {
        all.add(meter);
        if (removed.get()) {
            registry.remove(meter); // as the rest were, meanwhile
        }
        return meter;
    }

    void record(Outcome outcome, long nanos) {
        wait(outcome).record(nanos, TimeUnit.NANOSECONDS);
    }

    void count(Observation step) {
        if (!removed.get()) {
            steps(Step.of(step)).increment();
        }
    }

    /** Once: another gate of that name may have its meters there by the second time. */
    void remove() {
        if (removed.compareAndSet(false, true)) {
            for (Meter meter : all) {
                registry.remove(meter);
            }
        }
    }
}
