package io.github.cpugate.observe;

import io.github.cpugate.Binding;
import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Observation;
import io.github.cpugate.Wait;
import io.github.cpugate.cpu.CpuSample;
import java.util.function.Supplier;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Percentage;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Events of JDK Flight Recorder: who waited for a slot and how that ended, each move of the limit and why, and the gate
 * at every step.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().listener(JfrEvents.create()).build();
 * }</pre>
 *
 * <p>{@code io.github.cpugate.SlotWait} spans a wait of at least 10 ms, on the thread that waited and with its stack;
 * for a future, on the one that completed it. {@code io.github.cpugate.LimitChange} is a step that moved the limit, or
 * the first one after the service's refusals did; {@code io.github.cpugate.GateState} is any step. All three are on by
 * default in a recording, and next to free while there is none.
 *
 * <p>CPU is a fraction of the scope, 0.7 for 70 %, as Flight Recorder's own events have it and its tools expect it;
 * {@code NaN} if unknown.
 *
 * <p>Thread-safe.
 */
public final class JfrEvents implements GateListener {

    private volatile @Nullable String gate; // null before its first step: a wait that ended earlier has no name to tell

    private JfrEvents() {}

    /**
     * Returns a listener that makes events.
     *
     * @return a new listener, for one gate; in a Java run-time without the module {@code jdk.jfr} it does nothing, as
     *     the log then says
     */
    public static GateListener create() {
        if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
            LoggerFactory.getLogger(JfrEvents.class)
                    .warn("no events for Flight Recorder: this Java run-time has no module jdk.jfr");
            return step -> {};
        }
        return new JfrEvents();
    }

    @Override
    public void onStart(Supplier<GateSnapshot> now) {
        gate = now.get().gate();
    }

    @Override
    public void onStep(Observation step) {
        GateState state = new GateState();
        if (state.isEnabled()) {
            state.fill(step);
            state.commit();
        }
        LimitChange change = new LimitChange();
        if (step.limitChanged() && change.isEnabled()) {
            change.fill(step);
            change.commit();
        }
    }

    @Override
    public @Nullable Wait onWait() {
        SlotWait wait = new SlotWait();
        if (!wait.isEnabled()) {
            return null;
        }
        wait.begin();
        return outcome -> {
            wait.end();
            if (wait.shouldCommit()) {
                wait.gate = gate;
                wait.outcome = outcome.toString();
                wait.commit();
            }
        };
    }

    private static float fraction(double percent) {
        return (float) (percent / 100);
    }

    // Names, labels and fields of the events are what recordings and tools go by: they are API.

    @Name("io.github.cpugate.SlotWait")
    @Label("Slot Wait")
    @Description("A caller stood in line for a slot of the gate")
    @Category("CPU gate")
    @Threshold("10 ms")
    static final class SlotWait extends Event {

        @Label("Gate")
        @Nullable
        String gate;

        @Label("Outcome")
        @Description("How the wait ended: ADMITTED, TIMED_OUT, INTERRUPTED, CANCELLED or CLOSED")
        @Nullable
        String outcome;
    }

    @Name("io.github.cpugate.LimitChange")
    @Label("Limit Change")
    @Description("A step of the gate's governor moved the limit, or refusals by the service did, before the step")
    @Category("CPU gate")
    @StackTrace(false)
    static final class LimitChange extends Event {

        @Label("Gate")
        @Nullable
        String gate;

        @Label("Before")
        @Description("Slots allowed at once before the step, or before the refusals")
        int before;

        @Label("After")
        @Description("Slots allowed at once after it")
        int after;

        @Label("CPU Limit")
        @Description("Slots that CPU allows, after it")
        int cpuLimit;

        @Label("API Ceiling")
        @Description("Slots that the service seems to allow, after it; the highest limit if it has not refused lately")
        int apiCeiling;

        @Label("Rate Limited")
        @Description("Refusals by the service since the last step")
        long rateLimited;

        @Label("Reason")
        @Description("Why the CPU limit moved; RATE_LIMITED if the API ceiling moved the limit")
        @Nullable
        String reason;

        @Label("Raw CPU")
        @Description("The last reading")
        @Percentage
        float raw;

        @Label("Smoothed CPU")
        @Description("What the limit goes by")
        @Percentage
        float smoothed;

        @Label("Target")
        @Percentage
        float target;

        void fill(Observation step) {
            gate = step.gate();
            before = step.limitBefore();
            after = step.limitAfter();
            cpuLimit = step.cpuLimit();
            apiCeiling = step.apiCeiling();
            rateLimited = step.rateLimited();
            reason = step.reason().toString();
            raw = fraction(step.cpu().raw());
            smoothed = fraction(step.cpu().smoothed());
            target = fraction(step.targetCpu());
        }
    }

    @Name("io.github.cpugate.GateState")
    @Label("Gate State")
    @Description("What a step of the gate's governor saw, and the limit after it")
    @Category("CPU gate")
    @StackTrace(false)
    static final class GateState extends Event {

        @Label("Gate")
        @Nullable
        String gate;

        @Label("Limit")
        @Description("Slots allowed at once")
        int limit;

        @Label("CPU Limit")
        @Description("Slots that CPU allows")
        int cpuLimit;

        @Label("API Ceiling")
        @Description("Slots that the service seems to allow; the highest limit if it has not refused lately")
        int apiCeiling;

        @Label("In Flight")
        @Description("Slots held; above the limit while a cut drains")
        int inFlight;

        @Label("Waiting")
        @Description("Callers in line")
        int waiting;

        @Label("Admitted")
        @Description("Slots granted since the last step")
        long admitted;

        @Label("Timed Out")
        @Description("Callers who left the line since the last step because their time had passed")
        long timedOut;

        @Label("Rate Limited")
        @Description("Refusals by the service since the last step")
        long rateLimited;

        @Label("Binding")
        @Description("What callers in line are held back by: CPU, API or MAX_SLOTS; NONE if nobody is there")
        @Nullable
        String binding;

        @Label("Bound by CPU")
        @Description("Time since the last step for which the CPU limit held callers back")
        @Timespan
        long boundByCpu;

        @Label("Bound by API")
        @Description("Time since the last step for which the API ceiling did")
        @Timespan
        long boundByApi;

        @Label("Bound by Max Slots")
        @Description("Time since the last step for which the highest limit did")
        @Timespan
        long boundByMaxSlots;

        @Label("Reason")
        @Description("Why the CPU limit moved, or was held")
        @Nullable
        String reason;

        @Label("Raw CPU")
        @Description("The last reading")
        @Percentage
        float raw;

        @Label("Smoothed CPU")
        @Description("What the limit goes by")
        @Percentage
        float smoothed;

        @Label("Own CPU")
        @Description("What this JVM used of the raw CPU")
        @Percentage
        float own;

        @Label("Others' CPU")
        @Description("What everybody else used of the raw CPU")
        @Percentage
        float others;

        @Label("Target")
        @Percentage
        float target;

        @Label("Scope")
        @Description("What 100 % is: the host, or the control group whose quota binds")
        @Nullable
        String scope;

        @Label("Health")
        @Description("Whether the reading could be acted on: OK if so")
        @Nullable
        String health;

        void fill(Observation step) {
            CpuSample cpu = step.cpu();
            Binding bound = step.binding();
            gate = step.gate();
            limit = step.limitAfter();
            cpuLimit = step.cpuLimit();
            apiCeiling = step.apiCeiling();
            inFlight = step.inFlight();
            waiting = step.waiting();
            admitted = step.admitted();
            timedOut = step.timedOut();
            rateLimited = step.rateLimited();
            binding = bound.side().toString();
            boundByCpu = bound.cpu().toNanos();
            boundByApi = bound.api().toNanos();
            boundByMaxSlots = bound.maxSlots().toNanos();
            reason = step.reason().toString();
            raw = fraction(cpu.raw());
            smoothed = fraction(cpu.smoothed());
            own = fraction(cpu.own());
            others = fraction(cpu.others());
            target = fraction(step.targetCpu());
            scope = cpu.scope();
            health = cpu.health().toString();
        }
    }
}
