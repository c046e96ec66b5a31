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
    private @Nullable Observation telling; // the last step, while there are listeners that do not know of it
    private int nextToTell;
    private int nextToStart;
    private long admitted; // until the last step
    private long timedOut;
    private boolean toldOfClose;

    /**
     * What only a step needs. Made at the first one, on the governor's thread: build() is to return within milliseconds
     * in a JVM that has loaded nothing yet, and each class takes half of one.
     */
    private record Parts(CpuSampler sampler, Callee measuring, StepPolicy policy, Callee deciding, List<Told> told) {}

    /** A listener, as other people's code. */
    private record Told(GateListener listener, Callee callee) {}

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
        if (turns.isOf(Thread.currentThread())) {
            return;
        }
        if (made == null) {
            tellOfClose();
        } else if (!listeners.isEmpty()) {
            try {
                var unused = closeIsTold.await(CLOSE_WITHIN_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Tells the listeners, once, that the gate is closed. */
    void tellOfClose() {
        Turn turn = turns.begin();
        try {
            Parts made = parts();
            tell(turn, made.told);
            for (Told each : made.told) {
                Result<Boolean> result = toldOfClose
                        ? null
                        : turns.call(turn, each.callee, () -> {
                            each.listener.onClose();
                            return true;
                        });
                if (result != null) {
                    each.callee.faults.say(result.failure());
                }
            }
            toldOfClose = true;
        } finally {
            turns.end(turn);
            closeIsTold.countDown();
        }
    }

    /** Makes one step. If other people's code holds it up until its turn is lost, makes another when that is over. */
    Observation step() {
        if (turns.isOf(Thread.currentThread())) {
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
        Turn turn = turns.begin();
        boolean interrupted = Thread.interrupted(); // it would fail the sampler's I/O, if that is through a channel
        try {
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
        tell(turn, made.told); // of the step before, if that lost its turn at a listener
        tellOfStart(turn, made.told);
        LeakLog.tell(gate, line.findLeaks(), nanoClock.getAsLong());
        CpuSample cpu = sample(turn, made);
        if (cpu == null) {
            return null;
        }
        double target = targetCpu;
        // Without a reading there is no decision, and what happened so far counts for the next step.
        WaitingLine.Report seen = cpu.isOk() ? line.endPeriod() : line.report();
        Decision decision =
                cpu.isOk() ? decide(turn, made, cpu, target, seen) : new Decision(seen.limit(), Reason.NO_READING);
        if (decision == null) {
            return null;
        }
        int wanted = decision.limit();
        WaitingLine.Move move = line.moveLimit(seen.limit(), wanted);
        boolean noRoom = wanted != seen.limit() && seen.limit() == move.before() && move.after() == move.before();
        Observation step = new Observation(
                gate,
                Duration.ofNanos(nanoClock.getAsLong() - startedAt),
                cpu,
                target,
                move.before(),
                move.after(),
                move.minSlots(),
                move.maxSlots(),
                seen.inFlight(),
                seen.meanInFlight(),
                seen.waiting(),
                seen.admitted() - admitted,
                seen.timedOut() - timedOut,
                seen.limitReached(),
                noRoom ? (wanted < seen.limit() ? Reason.AT_FLOOR : Reason.AT_CEILING) : decision.reason());
        admitted = seen.admitted();
        timedOut = seen.timedOut();
        telling = step;
        nextToTell = 0;
        tell(turn, made.told);
        return step;
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
        List<Told> told = new ArrayList<>();
        told.add(new Told(new StepLog(), new Callee("the log" + whose)));
        for (GateListener listener : listeners) {
            told.add(new Told(listener, new Callee("a listener" + whose)));
        }
        return new Parts(
                sampler == null ? CpuSampler.ofHost() : sampler,
                new Callee("the CPU sampler" + whose),
                policy == null ? StepPolicy.oneSlot() : policy,
                new Callee("the policy" + whose),
                told);
    }

    /** Returns null if the turn was lost. */
    private @Nullable CpuSample sample(Turn turn, Parts parts) {
        Result<CpuSample> result =
                turns.call(turn, parts.measuring, () -> Objects.requireNonNull(parts.sampler.sample(), "sample"));
        if (result == null) {
            return null;
        }
        FaultLog faults = parts.measuring.faults;
        Throwable failure = result.failure();
        CpuSample sample;
        if (failure != null) {
            sample = CpuSample.failed(failure, lastSample().smoothed());
            faults.failed(failure);
        } else {
            sample = Objects.requireNonNull(result.value());
            switch (sample.health()) {
                case OK -> faults.worked();
                case NO_READING, FAILING -> faults.failed(sample.detail());
                case STARTING -> {}
            }
        }
        lastSample = sample;
        return sample;
    }

    /** Returns null if the turn was lost. */
    private @Nullable Decision decide(Turn turn, Parts parts, CpuSample cpu, double target, WaitingLine.Report seen) {
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
        parts.deciding.faults.say(result.failure());
        return result.value() == null ? input.hold(Reason.POLICY_FAILED) : result.value();
    }

    /**
     * Tells of the gate's start those who do not know of it yet. If the turn is lost meanwhile, the next one goes on.
     */
    private void tellOfStart(Turn turn, List<Told> told) {
        while (nextToStart < told.size()) {
            Told each = told.get(nextToStart++);
            Result<Boolean> result = turns.call(turn, each.callee, () -> {
                each.listener.onStart(this::snapshot);
                return true;
            });
            if (result == null) {
                return;
            }
            each.callee.faults.say(result.failure());
        }
    }

    /** Tells of the last step those who do not know of it yet. If the turn is lost meanwhile, the next one goes on. */
    private void tell(Turn turn, List<Told> told) {
        Observation step = telling;
        while (step != null && nextToTell < told.size()) {
            Told each = told.get(nextToTell++);
            Result<Observation> result = turns.call(turn, each.callee, () -> {
                each.listener.onStep(step);
                return step;
            });
            if (result == null) {
                return;
            }
            each.callee.faults.say(result.failure());
        }
        telling = null;
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
