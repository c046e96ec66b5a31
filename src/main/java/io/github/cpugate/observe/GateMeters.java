package io.github.cpugate.observe;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
import io.github.cpugate.Wait.Outcome;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.observe.SharedMeters.Shared;
import io.github.cpugate.policy.Reason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one gate in one registry, which it {@linkplain SharedMeters shares} with other gates of its name.
 *
 * <p>Every meter that can be foreseen is registered at the start, at zero: Prometheus sees no increase if a series
 * starts at one.
 */
final class GateMeters {

    private static final List<Value> GAUGES = List.of(
            slots("limit", "Slots allowed at once", GateSnapshot::limit),
            slots("cpu.limit", "Slots that the policy allows at once", GateSnapshot::cpuLimit),
            slots(
                    "api.ceiling",
                    "Slots that the service seems to allow at once, judged by its refusals",
                    GateSnapshot::apiCeiling),
            slots("min", "The lowest limit", GateSnapshot::minSlots),
            slots("max", "The highest limit", GateSnapshot::maxSlots),
            slots("in.flight", "Slots held; above the limit while a cut drains", GateSnapshot::inFlight),
            callers("waiting", "Callers in line for a slot", GateSnapshot::waiting),
            sessions("paused", "Sessions that have paused their slot and do not hold it again", GateSnapshot::paused),
            sessions(
                    "backing.off",
                    "Paused sessions that wait out the time for which the service asked",
                    GateSnapshot::backingOff),
            cpu("raw", "The last CPU reading, of the host, its allowed processors, or a CPU quota", CpuSample::raw),
            cpu("smoothed", "The smoothed CPU reading, on which the policy decides", CpuSample::smoothed),
            cpu("own", "The part of the last CPU reading that this JVM used", CpuSample::own),
            cpu("others", "The part of the last CPU reading that others than this JVM used", CpuSample::others),
            cpu("throttled", "The part of a CPU quota's periods in which it was used up", CpuSample::throttled),
            ratio("target", "The CPU target", GateSnapshot::targetCpu),
            ratio(
                    "peers",
                    "The part of the others' CPU that the gates that share the host used",
                    snapshot -> snapshot.hostShare().peersCpu()),
            ratio(
                    "share",
                    "How much of the target is this gate's",
                    snapshot -> snapshot.hostShare().percent()),
            new Value(
                    "cpugate.peers",
                    "Other gates with which this one shares the host",
                    null,
                    Tags.empty(),
                    snapshot -> snapshot.hostShare().peers()));

    private static final List<Value> COUNTERS = List.of(
            callers("admitted", "Callers that received a slot, at once or after a wait", GateSnapshot::admitted),
            callers("timed.out", "Callers that left the line because their time had passed", GateSnapshot::timedOut),
            callers("rejected", "Callers turned away because the line was full", GateSnapshot::rejected),
            sessions("resumed", "Resumptions: slots granted to sessions that had paused", GateSnapshot::resumed),
            callers("rate.limited", "Refusals by the service, as sessions reported them", GateSnapshot::rateLimited),
            heldBack(Bottleneck.CPU, Bottleneck.Times::cpu),
            heldBack(Bottleneck.API, Bottleneck.Times::api),
            heldBack(Bottleneck.MAX_SLOTS, Bottleneck.Times::maxSlots));

    private final MeterRegistry registry;
    private final SharedMeters shared;
    private final Supplier<GateSnapshot> now;
    private final Tags gate;
    private final Map<Outcome, Timer> waitTimers = new ConcurrentHashMap<>();
    private final Map<Step, Counter> stepCounters = new ConcurrentHashMap<>();
    private volatile boolean removed;

    /** A value of the snapshot, and how its meter is named. */
    private record Value(
            String name, String description, @Nullable String unit, Tags tags, ToDoubleFunction<GateSnapshot> value) {}

    private static Value slots(String name, String description, ToDoubleFunction<GateSnapshot> value) {
        return new Value("cpugate.slots." + name, description, null, Tags.empty(), value);
    }

    private static Value callers(String name, String description, ToDoubleFunction<GateSnapshot> value) {
        return new Value("cpugate.callers." + name, description, null, Tags.empty(), value);
    }

    private static Value sessions(String name, String description, ToDoubleFunction<GateSnapshot> value) {
        return new Value("cpugate.sessions." + name, description, null, Tags.empty(), value);
    }

    private static Value cpu(String name, String description, ToDoubleFunction<CpuSample> percent) {
        return ratio(name, description, snapshot -> percent.applyAsDouble(snapshot.cpu()));
    }

    /** The library counts CPU in percent, but the base unit of Prometheus is the ratio. */
    private static Value ratio(String name, String description, ToDoubleFunction<GateSnapshot> percent) {
        return new Value(
                "cpugate.cpu." + name,
                description,
                "ratio",
                Tags.empty(),
                snapshot -> percent.applyAsDouble(snapshot) / 100);
    }

    private static Value heldBack(Bottleneck bottleneck, Function<Bottleneck.Times, Duration> time) {
        return new Value(
                "cpugate.held.back",
                "Time during which this bottleneck held callers in line back",
                "seconds",
                Tags.of("bottleneck", bottleneck.name()),
                snapshot -> time.apply(snapshot.heldBack()).toNanos() / 1e9);
    }

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
            return of(
                    reason,
                    reason == Reason.HEADROOM ? 1 : reason == Reason.OVER_TARGET || reason == Reason.YIELDED ? -1 : 0);
        }
    }

    GateMeters(MeterRegistry registry, Supplier<GateSnapshot> now) {
        this.registry = registry;
        this.shared = SharedMeters.of(registry);
        this.now = now;
        this.gate = Tags.of("gate", now.get().gate());
    }

    /** Registers the meters. A meter that the registry, or a filter, fails to make is missing; the others are there. */
    void register() {
        List<Runnable> meters = new ArrayList<>();
        GAUGES.forEach(value -> meters.add(() -> gauge(value)));
        COUNTERS.forEach(value -> meters.add(() -> counter(value)));
        for (Outcome outcome : Outcome.values()) {
            meters.add(() -> waitTimer(outcome));
        }
        for (Reason reason : Reason.values()) {
            meters.add(() -> stepCounter(Step.foreseen(reason)));
        }
        meters.add(() -> stepCounter(Step.of(Reason.RATE_LIMITED, 1)));
        meters.add(() -> stepCounter(Step.of(Reason.RATE_LIMITED, -1)));
        Independently.forEach(meters, Runnable::run);
    }

    private void gauge(Value value) {
        var unused = add(
                value.value,
                shown -> Gauge.builder(value.name, shown, Shared::ofNewest)
                        .description(value.description)
                        .baseUnit(value.unit)
                        .tags(gate.and(value.tags))
                        .strongReference(true)
                        .register(registry));
    }

    /** The counter refers weakly to what it shows, which {@link #shared} keeps reachable. */
    private void counter(Value value) {
        var unused = add(
                value.value,
                shown -> FunctionCounter.builder(value.name, shown, Shared::sum)
                        .description(value.description)
                        .baseUnit(value.unit)
                        .tags(gate.and(value.tags))
                        .register(registry));
    }

    private void waitTimer(Outcome outcome) {
        Timer timer = add(
                snapshot -> 0,
                shown -> Timer.builder("cpugate.slot.wait")
                        .description("Waits of the callers that had to wait in line")
                        .minimumExpectedValue(Duration.ofMillis(1)) // bounds of the histogram, if one is published
                        .maximumExpectedValue(Duration.ofMinutes(10))
                        .tags(gate.and("outcome", outcome.name()))
                        .register(registry));
        waitTimers.put(outcome, timer);
    }

    private Counter stepCounter(Step step) {
        Counter counter = stepCounters.get(step);
        if (counter == null) {
            counter = add(
                    snapshot -> 0,
                    shown -> Counter.builder("cpugate.steps")
                            .description("Steps of the governor, by reason and by move of the limit")
                            .tags(gate.and("reason", step.reason.name(), "move", step.move))
                            .register(registry));
            stepCounters.put(step, counter);
        }
        return counter;
    }

    private <M extends Meter> M add(ToDoubleFunction<GateSnapshot> value, Function<Shared, M> register) {
        M meter = shared.add(now, value, register);
        if (removed) {
            shared.remove(now); // remove() has run meanwhile, and may have missed this meter
        }
        return meter;
    }

    /** Registers nothing: a caller must not wait for a registry. */
    void record(Outcome outcome, long nanos) {
        Timer timer = waitTimers.get(outcome);
        if (timer != null) {
            timer.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    void count(StepReport step) {
        if (!removed) {
            stepCounter(Step.of(step)).increment();
        }
    }

    /** Removes the gate from its meters, and removes the meters that no other open gate shares. May be called again. */
    void remove() {
        removed = true;
        shared.remove(now);
    }
}
