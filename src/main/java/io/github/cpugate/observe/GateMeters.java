package io.github.cpugate.observe;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
import io.github.cpugate.Wait.Outcome;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
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
 * The meters of one gate in one registry.
 *
 * <p>Every meter that can be foreseen is registered at the start, at zero: Prometheus sees no increase if a series
 * starts at one.
 */
final class GateMeters {

    private final MeterRegistry registry;
    private final Supplier<GateSnapshot> now;
    private final String gate;
    private final List<Meter> meters = new CopyOnWriteArrayList<>();
    private final Map<Outcome, Timer> waitTimers = new ConcurrentHashMap<>();
    private final Map<Step, Counter> stepCounters = new ConcurrentHashMap<>();
    private final AtomicBoolean removed = new AtomicBoolean();

    /** The steps that share a counter. */
    private record Step(Reason reason, String move) {

        static Step of(StepReport step) {
            return of(step.reason(), step.limitAfter() - step.limitBefore());
        }

        static Step of(Reason reason, int moved) {
            return new Step(reason, moved == 0 ? "none" : moved > 0 ? "up" : "down");
        }

        /** The reason with the move that normally goes with it: its counter is registered at the start. */
        static Step foreseen(Reason reason) {
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
        slots("cpu.limit", "Slots that the policy allows at once", GateSnapshot::cpuLimit);
        slots(
                "api.ceiling",
                "Slots that the service seems to allow at once, judged by its refusals",
                GateSnapshot::apiCeiling);
        slots("min", "The lowest limit", GateSnapshot::minSlots);
        slots("max", "The highest limit", GateSnapshot::maxSlots);
        slots("in.flight", "Slots held; above the limit while a cut drains", GateSnapshot::inFlight);
        gauge(Gauge.builder("cpugate.callers.waiting", now, fromSnapshot(GateSnapshot::waiting))
                .description("Callers in line for a slot"));
        cpu("raw", "The last CPU reading, of the host or of the CPU quota that governs", CpuSample::raw);
        cpu("smoothed", "The smoothed CPU reading, on which the policy decides", CpuSample::smoothed);
        cpu("own", "The part of the last CPU reading that this JVM used", CpuSample::own);
        cpu("others", "The part of the last CPU reading that others than this JVM used", CpuSample::others);
        ratio("target", "The CPU target", GateSnapshot::targetCpu);
        callers(
                "admitted",
                "Callers that received a slot, at once or after a wait; a session counts again when it resumes",
                GateSnapshot::admitted);
        callers("timed.out", "Callers that left the line because their time had passed", GateSnapshot::timedOut);
        callers("rate.limited", "Refusals by the service, as sessions reported them", GateSnapshot::rateLimited);
        heldBack(Bottleneck.CPU, Bottleneck.Times::cpu);
        heldBack(Bottleneck.API, Bottleneck.Times::api);
        heldBack(Bottleneck.MAX_SLOTS, Bottleneck.Times::maxSlots);
        for (Outcome outcome : Outcome.values()) {
            waitTimer(outcome);
        }
        for (Reason reason : Reason.values()) {
            stepCounter(Step.foreseen(reason));
        }
        stepCounter(Step.of(Reason.RATE_LIMITED, 1));
        stepCounter(Step.of(Reason.RATE_LIMITED, -1));
    }

    private void slots(String name, String description, ToDoubleFunction<GateSnapshot> value) {
        gauge(Gauge.builder("cpugate.slots." + name, now, fromSnapshot(value)).description(description));
    }

    private void cpu(String name, String description, ToDoubleFunction<CpuSample> percent) {
        ratio(name, description, snapshot -> percent.applyAsDouble(snapshot.cpu()));
    }

    /** The library counts CPU in percent, but the base unit of Prometheus is the ratio. */
    private void ratio(String name, String description, ToDoubleFunction<GateSnapshot> percent) {
        gauge(Gauge.builder("cpugate.cpu." + name, now, fromSnapshot(snapshot -> percent.applyAsDouble(snapshot) / 100))
                .description(description)
                .baseUnit("ratio"));
    }

    private void gauge(Gauge.Builder<?> builder) {
        keep(builder.strongReference(true).tag("gate", gate).register(registry));
    }

    private void callers(String name, String description, ToDoubleFunction<GateSnapshot> count) {
        counter(FunctionCounter.builder("cpugate.callers." + name, now, fromSnapshot(count))
                .description(description));
    }

    private void heldBack(Bottleneck bottleneck, Function<Bottleneck.Times, Duration> time) {
        counter(FunctionCounter.builder(
                        "cpugate.held.back",
                        now,
                        fromSnapshot(snapshot -> time.apply(snapshot.heldBack()).toNanos() / 1e9))
                .description("Time during which this bottleneck held callers in line back")
                .baseUnit("seconds")
                .tag("bottleneck", bottleneck.name()));
    }

    /** The counter refers to {@link #now} weakly; it is kept alive through the gate's listeners. */
    private void counter(FunctionCounter.Builder<?> builder) {
        keep(builder.tag("gate", gate).register(registry));
    }

    private static ToDoubleFunction<Supplier<GateSnapshot>> fromSnapshot(ToDoubleFunction<GateSnapshot> value) {
        return now -> value.applyAsDouble(now.get());
    }

    /** Two threads that create the same timer receive the same one from the registry. */
    private Timer waitTimer(Outcome outcome) {
        Timer timer = waitTimers.get(outcome);
        if (timer == null) {
            timer = keep(Timer.builder("cpugate.slot.wait")
                    .description("Waits of the callers that had to wait in line")
                    .minimumExpectedValue(Duration.ofMillis(1)) // bounds of the histogram, if one is published
                    .maximumExpectedValue(Duration.ofMinutes(10))
                    .tag("gate", gate)
                    .tag("outcome", outcome.name())
                    .register(registry));
            waitTimers.put(outcome, timer);
        }
        return timer;
    }

    private Counter stepCounter(Step step) {
        Counter counter = stepCounters.get(step);
        if (counter == null) {
            counter = keep(Counter.builder("cpugate.steps")
                    .description("Steps of the governor, by reason and by move of the limit")
                    .tag("gate", gate)
                    .tag("reason", step.reason.name())
                    .tag("move", step.move)
                    .register(registry));
            stepCounters.put(step, counter);
        }
        return counter;
    }

    private <M extends Meter> M keep(M meter) {
        meters.add(meter);
        if (removed.get()) {
            registry.remove(meter); // remove() has run meanwhile, and may have missed it
        }
        return meter;
    }

    void record(Outcome outcome, long nanos) {
        waitTimer(outcome).record(nanos, TimeUnit.NANOSECONDS);
    }

    void count(StepReport step) {
        if (!removed.get()) {
            stepCounter(Step.of(step)).increment();
        }
    }

    /** Removes the meters, but only once: later, another gate of the same name may have registered its own. */
    void remove() {
        if (removed.compareAndSet(false, true)) {
            for (Meter meter : meters) {
                registry.remove(meter);
            }
        }
    }
}
