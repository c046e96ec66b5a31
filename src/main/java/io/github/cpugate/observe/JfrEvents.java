package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
import io.github.cpugate.Wait;
import io.github.cpugate.internal.log.Log;
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

/**
 * Emits events for JDK Flight Recorder: each wait for a slot and how it ended, each move of the limit and its reason,
 * and the state of the gate at each step.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().listener(JfrEvents.create()).build();
 * }</pre>
 *
 * <p>{@code io.github.cpugate.SlotWait} spans a wait of at least 10 ms. Its thread and stack are those of the thread
 * that waited or, for a future, of the thread that completed it. {@code io.github.cpugate.LimitChange} is emitted at a
 * step if the step itself, or a refusal by the service since the step before, moved the limit.
 * {@code io.github.cpugate.GateState} is emitted at every step. All three are enabled by default in a recording, and
 * cost next to nothing while no recording runs.
 *
 * <p>CPU is a fraction of the scope, 0.7 for 70 %, as in Flight Recorder's own events and as its tools expect;
 * {@code NaN} if unknown.
 *
 * <p>Thread-safe.
 */
public final class JfrEvents implements GateListener {

    private volatile @Nullable String gate; // null until the gate starts: a wait that ended earlier has no name

    private JfrEvents() {}

    /**
     * Returns a listener that emits the events.
     *
     * @return a new listener, for one gate; in a Java runtime without the module {@code jdk.jfr} it does nothing, and a
     *     warning is logged
     */
    public static GateListener create() {
        if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
            new Log(JfrEvents.class.getName())
                    .warn("no Flight Recorder events: this Java runtime has no module jdk.jfr");
            return step -> {};
        }
        return new JfrEvents();
    }

    @Override
    public void onStart(Supplier<GateSnapshot> now) {
        gate = now.get().gate();
    }

    @Override
    public void onStep(StepReport step) {
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

    // Recordings and tools rely on the names, labels and fields of the events: they are API.

    @Name("io.github.cpugate.SlotWait")
    @Label("Slot Wait")
    @Description("A caller waited in line for a slot of the gate")
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

    /** What the events of a step have in common. */
    abstract static class StepEvent extends Event {

        @Label("Gate")
        @Nullable
        String gate;

        @Label("CPU Limit")
        @Description("Slots that the policy allows at once, after the step")
        int cpuLimit;

        @Label("API Ceiling")
        @Description("Slots that the service seems to allow after the step; maxSlots if it has not refused lately")
        int apiCeiling;

        @Label("Rate Limited")
        @Description("Refusals by the service since the last step")
        long rateLimited;

        @Label("Reason")
        @Description("Why the CPU limit moved, or was held; RATE_LIMITED if the API ceiling moved or held the limit")
        @Nullable
        String reason;

        @Label("Raw CPU")
        @Description("The last reading")
        @Percentage
        float raw;

        @Label("Smoothed CPU")
        @Description("The smoothed reading, on which the policy decides")
        @Percentage
        float smoothed;

        @Label("Target")
        @Percentage
        float target;

        void fill(StepReport step) {
            gate = step.gate();
            cpuLimit = step.cpuLimit();
            apiCeiling = step.apiCeiling();
            rateLimited = step.rateLimited();
            reason = step.reason().toString();
            raw = fraction(step.cpu().raw());
            smoothed = fraction(step.cpu().smoothed());
            target = fraction(step.targetCpu());
        }
    }

    @Name("io.github.cpugate.LimitChange")
    @Label("Limit Change")
    @Description("A step of the gate's governor moved the limit, or refusals by the service moved it before the step")
    @Category("CPU gate")
    @StackTrace(false)
    static final class LimitChange extends StepEvent {

        @Label("Before")
        @Description("Slots allowed at once before the step, or before the refusals")
        int before;

        @Label("After")
        @Description("Slots allowed at once after the step")
        int after;

        @Override
        void fill(StepReport step) {
            super.fill(step);
            before = step.limitBefore();
            after = step.limitAfter();
        }
    }

    @Name("io.github.cpugate.GateState")
    @Label("Gate State")
    @Description("What a step of the gate's governor saw, and the limit after it")
    @Category("CPU gate")
    @StackTrace(false)
    static final class GateState extends StepEvent {

        @Label("Limit")
        @Description("Slots allowed at once")
        int limit;

        @Label("In Flight")
        @Description("Slots held; above the limit while a cut drains")
        int inFlight;

        @Label("Waiting")
        @Description("Callers in line")
        int waiting;

        @Label("Paused")
        @Description("Sessions that have paused their slot and do not hold it again, those in line to resume included")
        int paused;

        @Label("Backing Off")
        @Description("Paused sessions that wait out the time for which the service asked")
        int backingOff;

        @Label("Admitted")
        @Description("Slots granted to new sessions since the last step")
        long admitted;

        @Label("Resumed")
        @Description("Slots granted since the last step to sessions that resumed")
        long resumed;

        @Label("Timed Out")
        @Description("Callers that left the line since the last step because their time had passed")
        long timedOut;

        @Label("Rejected")
        @Description("Callers turned away since the last step because the line was full")
        long rejected;

        @Label("Bottleneck")
        @Description("What holds callers in line back: CPU, API or MAX_SLOTS; NONE if no caller waits")
        @Nullable
        String bottleneck;

        @Label("Held Back by CPU")
        @Description("Time since the last step during which the CPU limit held callers back")
        @Timespan
        long heldBackByCpu;

        @Label("Held Back by API")
        @Description("Time since the last step during which the API ceiling held callers back")
        @Timespan
        long heldBackByApi;

        @Label("Held Back by Max Slots")
        @Description("Time since the last step during which maxSlots held callers back")
        @Timespan
        long heldBackByMaxSlots;

        @Label("Own CPU")
        @Description("The part of the raw CPU that this JVM used")
        @Percentage
        float own;

        @Label("Others' CPU")
        @Description("The part of the raw CPU that others than this JVM used")
        @Percentage
        float others;

        @Label("Throttled")
        @Description("The part of a CPU quota's periods in which it was used up")
        @Percentage
        float throttled;

        @Label("Peers")
        @Description("Other gates with which this one shares the host")
        int peers;

        @Label("Share")
        @Description("How much of the target is this gate's")
        @Percentage
        float share;

        @Label("Peers' CPU")
        @Description("The part of others' CPU that the gates that share the host used")
        @Percentage
        float peersCpu;

        @Label("Scope")
        @Description(
                "What 100 % is: the host, the processors that this process may use, a control group's quota, or the"
                        + " cores against which this JVM alone is measured")
        @Nullable
        String scope;

        @Label("Health")
        @Description("OK if the reading could be acted on; otherwise STARTING, NO_READING or FAILING")
        @Nullable
        String health;

        @Override
        void fill(StepReport step) {
            super.fill(step);
            limit = step.limitAfter();
            inFlight = step.inFlight();
            waiting = step.waiting();
            paused = step.paused();
            backingOff = step.backingOff();
            admitted = step.admitted();
            resumed = step.resumed();
            timedOut = step.timedOut();
            rejected = step.rejected();
            bottleneck = step.bottleneck().toString();
            heldBackByCpu = step.heldBack().cpu().toNanos();
            heldBackByApi = step.heldBack().api().toNanos();
            heldBackByMaxSlots = step.heldBack().maxSlots().toNanos();
            own = fraction(step.cpu().own());
            others = fraction(step.cpu().others());
            throttled = fraction(step.cpu().throttled());
            peers = step.hostShare().peers();
            share = fraction(step.hostShare().percent());
            peersCpu = fraction(step.hostShare().peersCpu());
            scope = step.cpu().scope();
            health = step.cpu().health().toString();
        }
    }
}
