package io.github.cpugate;

import io.github.cpugate.Turns.Callee;
import io.github.cpugate.Turns.Result;
import io.github.cpugate.Turns.Turn;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the steps: takes a sample, asks the policy, moves the limit, tells the listeners.
 *
 * <p>Sampler, policy and listeners are other people's code. Whatever they throw, an {@code Error} too, or if they do
 * not return, ends up in the log once and changes nothing else: without a sample or a decision the limit is held, and
 * the next step is made as ever.
 */
final class Governor {

    private static final long CLOSE_WITHIN_SECONDS = 1;

    private final String gate;
    private final @Nullable CpuSampler sampler; // the host's, if none was given
    private final @Nullable StepPolicy policy; // one slot at a time, if none was given
    private final WaitingLine line;
    private final List<GateListener> listeners;
    private final LongSupplier nanoClock;
    private final long startedAt;
    private final Turns turns = new Turns();
    private volatile @Nullable GovernorThread thread; // null: steps are made by hand only

    private final CountDownLatch closeIsTold = new CountDownLatch(1);
    private volatile boolean closed;

    private volatile double targetCpu;
    private volatile @Nullable CpuSample lastSample;

    // Guarded by turns.
    private @Nullable Parts parts; // made at the first step
    private boolean closeIsNoted;
    private Usage.Totals totals = Usage.Totals.ZERO; // until the last step
    private int limitAfter; // the last step; 0 before the first
    private boolean oddityIsTold;

    /**
     * What only a step needs. Made at the first one, on the governor's thread: build() is to return within milliseconds
     * in a JVM that has loaded nothing yet, and each class takes half of one.
     */
    private record Parts(
            CpuSampler sampler, Callee measuring, StepPolicy policy, Callee deciding, Listeners listeners) {}

    Governor(
            String gate,
            @Nullable CpuSampler sampler,
            @Nullable StepPolicy policy,
            WaitingLine line,
            List<GateListener> listeners,
            LongSupplier nanoClock,
            double targetCpu) {
        this.gate = gate;
        this.sampler = sampler;
        this.policy = policy;
        this.line = line;
        this.listeners = new ArrayList<>(listeners);
        line.tellOfWaits(this.listeners);
        this.nanoClock = nanoClock;
        this.startedAt = nanoClock.getAsLong();
        this.targetCpu = targetCpu;
    }

    String gate() {
        return gate;
    }

    WaitingLine line() {
        return line;
    }

    Turns turns() {
        return turns;
    }

    boolean hasListeners() {
        return !listeners.isEmpty();
    }

    /** Makes a step at once and then one each period, on a daemon thread; until {@code owner} is garbage, at most. */
    void start(long periodNanos, Object owner) {
        GovernorThread made = new GovernorThread(this, periodNanos, owner);
        thread = made;
        made.start();
    }

    /**
     * Ends the thread, and tells the listeners; if that is the thread's to do, waits for it, a second at most. Does not
     * wait for a step under way by this thread, which tells them when it has ended.
     */
    void close() {
        closed = true;
        GovernorThread made = thread;
        if (made != null) {
            made.stop();
        }
        if (turns.isStepping(Thread.currentThread())) {
            return;
        }
        if (made == null) {
            tellOfClose();
        } else if (hasListeners()) {
            try {
                var unused = closeIsTold.await(CLOSE_WITHIN_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Tells the listeners, once, that the gate is closed. If the turn is lost meanwhile, a step by hand goes on. */
    void tellOfClose() {
        Turn turn = new Turn();
        try {
            turns.begin(turn);
            Listeners told = parts().listeners;
            if (!closeIsNoted) {
                closeIsNoted = true;
                told.note(GateListener::onClose);
            }
            var unused = told.tell(turn);
        } finally {
            turns.end(turn);
            closeIsTold.countDown();
        }
    }

    /** Makes one step. If other people's code holds it up until its turn is lost, makes another when that is over. */
    Observation step() {
        if (turns.isStepping(Thread.currentThread())) {
            throw new IllegalStateException("gate '" + gate + "': adjust() was called from within a step");
        }
        while (true) {
            Observation step = stepUnlessLost();
            if (step != null) {
                if (closed) {
                    tellOfClose(); // a listener may have closed it
                }
                return step;
            }
        }
    }

    /** Makes one step; returns null if its turn was lost, and with it the step. */
    @Nullable
    Observation stepUnlessLost() {
        Turn turn = new Turn();
        boolean interrupted = false;
        try {
            turns.begin(turn);
            interrupted = Thread.interrupted(); // it would fail the sampler's I/O, if that is through a channel
            return step(turn);
        } finally {
            turns.end(turn);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private @Nullable Observation step(Turn turn) {
        Parts made = parts();
        if (!made.listeners.tell(turn)) { // of the step before, if that lost its turn at one of them
            return null;
        }
        HeldSlots.Leaks leaks = line.findLeaks();
        long now = nanoClock.getAsLong();
        if (!leaks.isEmpty() && !made.listeners.log(turn, () -> LeakLog.tell(gate, leaks, now))) {
            return null;
        }
        CpuSample cpu = sample(turn, made);
        if (cpu == null) {
            return null;
        }
        double target = targetCpu;
        // Without a reading there is no decision, and what happened so far counts for the next step.
        LineReport seen = cpu.isOk() ? line.endPeriod() : line.report();
        if (!tellOddity(turn, made, seen.oddity())) {
            return null;
        }
        Decision decision =
                cpu.isOk() ? decide(turn, made, cpu, target, seen) : new Decision(seen.limit(), Reason.NO_READING);
        if (decision == null) {
            return null;
        }
        int wanted = decision.limit();
        Limits.Move move = line.step(seen.limit(), wanted);
        Usage.Totals since = seen.totals().since(totals);
        int before = since.refused() > 0 && limitAfter > 0 ? limitAfter : move.toldBefore();
        Observation step = new Observation(
                gate,
                Duration.ofNanos(nanoClock.getAsLong() - startedAt),
                cpu,
                target,
                before,
                move.toldLimit(),
                move.limit(),
                move.apiCeiling(),
                move.minSlots(),
                move.maxSlots(),
                seen.inFlight(),
                seen.meanInFlight(),
                seen.waiting(),
                since.admitted(),
                since.timedOut(),
                since.refused(),
                since.binding(seen.binding()),
                seen.limitReached() || seen.ceilingReached(),
                reason(decision, seen, move, before));
        totals = seen.totals();
        limitAfter = move.toldLimit();
        made.listeners.note(each -> each.onStep(step));
        var unused = made.listeners.tell(turn); // it stands, whoever goes on to tell of it
        return step;
    }

    private static Reason reason(Decision decision, LineReport seen, Limits.Move move, int before) {
        boolean cpuMoved = move.limit() != move.limitBefore();
        if (move.toldLimit() != before && (!cpuMoved || move.toldLimit() < move.limit())) {
            return Reason.RATE_LIMITED;
        }
        int wanted = decision.limit();
        if (wanted != seen.limit() && seen.limit() == move.limitBefore() && move.limit() == move.limitBefore()) {
            return wanted < seen.limit() ? Reason.AT_FLOOR : Reason.AT_CEILING;
        }
        boolean rateLimited = decision.reason() == Reason.NOT_BINDING && seen.ceilingReached();
        return rateLimited ? Reason.RATE_LIMITED : decision.reason();
    }

    private Parts parts() {
        Parts made = parts;
        if (made == null) {
            made = makeParts();
            parts = made;
        }
        return made;
    }

    private Parts makeParts() {
        String whose = " of gate '" + gate + "'";
        Listeners told = new Listeners(turns, whose, listeners);
        told.note(each -> each.onStart(this::snapshot));
        return new Parts(
                sampler == null ? CpuSampler.ofHost() : sampler,
                turns.callee("the CPU sampler" + whose),
                policy == null ? StepPolicy.oneSlot() : policy,
                turns.callee("the policy" + whose),
                told);
    }

    /** Returns null if the turn was lost. */
    private @Nullable CpuSample sample(Turn turn, Parts parts) {
        Result<CpuSample> result =
                turns.call(turn, parts.measuring, () -> Objects.requireNonNull(parts.sampler.sample(), "sample"));
        if (result == null) {
            return null;
        }
        Throwable failure = result.failure();
        CpuSample sample = failure != null
                ? CpuSample.failed(failure, lastSample().smoothed())
                : Objects.requireNonNull(result.value());
        lastSample = sample;
        if (sample.health() == CpuSample.Health.STARTING) {
            return sample; // neither a fault nor the end of one
        }
        Object problem = failure != null ? failure : sample.isOk() ? null : sample.detail();
        return parts.listeners.say(turn, parts.measuring.faults, problem) ? sample : null;
    }

    /** Says, the first time, what a service said that was not believed. Returns false if the turn was lost. */
    private boolean tellOddity(Turn turn, Parts parts, @Nullable String oddity) {
        if (oddity == null || oddityIsTold) {
            return true;
        }
        oddityIsTold = true;
        return parts.listeners.log(
                turn,
                () -> StepLog.logger()
                        .warn(
                                "the service of gate '{}' refused, to be asked again after '{}': what is no time counts as {} s, more than {} s as that (said once)",
                                gate,
                                oddity,
                                RetryAfter.LEAST.toSeconds(),
                                RetryAfter.MOST.toSeconds()));
    }

    /** Returns null if the turn was lost. */
    private @Nullable Decision decide(Turn turn, Parts parts, CpuSample cpu, double target, LineReport seen) {
        StepInput input = new StepInput(
                cpu,
                target,
                seen.limit(),
                seen.minSlots(),
                seen.maxSlots(),
                seen.inFlight(),
                seen.meanInFlight(),
                seen.waiting(),
                seen.limitReached());
        Result<Decision> result = turns.call(turn, parts.deciding, () -> {
            Decision decision = Objects.requireNonNull(parts.policy.decide(input), "decision");
            Objects.requireNonNull(decision.reason(), "reason");
            return decision;
        });
        if (result == null) {
            return null;
        }
        if (!parts.listeners.say(turn, parts.deciding.faults, result.failure())) {
            return null;
        }
        return result.value() == null ? input.hold(Reason.POLICY_FAILED) : result.value();
    }

    /** Says, apart from any step, why one failed, or that none does, if that is news. */
    void say(FaultLog faults, @Nullable Throwable failure) {
        if (failure == null && faults.isQuiet()) {
            return;
        }
        Turn turn = new Turn();
        try {
            turns.begin(turn);
            Parts made = parts;
            if (made == null) {
                faults.say(failure);
            } else {
                var unused = made.listeners.say(turn, faults, failure);
            }
        } finally {
            turns.end(turn);
        }
    }

    GateSnapshot snapshot() {
        return GateSnapshot.of(gate, line.report(), targetCpu, lastSample());
    }

    void setTargetCpu(double percent) {
        targetCpu = percent;
    }

    CpuSample lastSample() {
        CpuSample last = lastSample;
        return last == null ? CpuSample.starting() : last;
    }
}
