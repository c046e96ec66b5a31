package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the steps: takes a sample, asks the policy, moves the limit, tells the listeners.
 *
 * <p>Sampler, policy and listeners are other people's code. Whatever they throw, an {@code Error} too, ends up in the
 * log once and changes nothing else: without a sample or a decision the limit is held, and the next step is made as
 * ever.
 */
final class Governor implements Runnable {

    private final String gate;
    private final @Nullable CpuSampler sampler; // the host's, if none was given
    private final @Nullable StepPolicy policy; // one slot at a time, if none was given
    private final WaitingLine line;
    private final List<GateListener> listeners;
    private final LongSupplier nanoClock;
    private final long startedAt;

    private volatile double targetCpu;
    private volatile @Nullable CpuSample lastSample;

    /** One step at a time, by the thread or by hand. Callers who want a slot never take it. */
    private final ReentrantLock stepping = new ReentrantLock();

    private volatile @Nullable Parts parts; // made at the first step, under stepping

    private boolean ended; // guarded by stepping

    // Set before the thread starts.
    private long periodNanos;
    private @Nullable WeakReference<?> owner; // null: there is no thread
    private long answerWithinNanos = 5_000_000_000L;
    private final CountDownLatch stopped = new CountDownLatch(1);

    /**
     * What only a step needs. Made at the first one, on the governor's thread: build() is to return within milliseconds
     * in a JVM that has loaded nothing yet, and each class takes half of one.
     */
    private record Parts(
            WatchedSampler sampler,
            FaultLog samplerFaults,
            StepPolicy policy,
            FaultLog policyFaults,
            List<Told> told) {}

    /** A listener and its faults. */
    private record Told(GateListener listener, FaultLog faults) {}

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
        this.nanoClock = nanoClock;
        this.startedAt = nanoClock.getAsLong();
        this.targetCpu = targetCpu;
    }

    /** Sets how long to wait for a sample. Before the thread starts. */
    void answerWithin(long nanos) {
        answerWithinNanos = nanos;
    }

    /**
     * Makes a step at once and then one each period, on a daemon thread.
     *
     * <p>The period runs from the end of one step to the beginning of the next. At a fixed rate, the steps missed
     * during a stall (a reading that hung, a laptop asleep) would be made up for in a burst, and move the limit by as
     * many slots on the evidence of a moment.
     *
     * <p>The thread ends by itself once {@code owner} is garbage and nobody holds a slot or waits for one.
     */
    void start(long periodNanos, Object owner) {
        this.periodNanos = periodNanos;
        this.owner = new WeakReference<>(owner);
        Thread thread = new Thread(null, this, "cpugate-governor-" + gate, 0, false);
        // It outlives the thread that builds the gate, and is to keep nothing of it.
        thread.setContextClassLoader(Governor.class.getClassLoader());
        thread.setDaemon(true);
        thread.start();
    }

    /** Ends the loop. Waits for nothing: a step under way ends in its own time, even if its reading hangs. */
    void stop() {
        stopped.countDown();
    }

    /** The loop. Nothing else ends it than {@link #stop()} and desertion: not even running out of memory. */
    @Override
    public void run() {
        FaultLog faults = new FaultLog("the governor of gate '" + gate + "'");
        long wait = 0;
        while (!stoppedWithin(wait) && !isDeserted()) {
            wait = periodNanos;
            try {
                var unused = step();
                faults.worked();
            } catch (Throwable t) {
                faults.failed(t);
            }
        }
        endSampling();
    }

    /** Waits for a step under way by hand, on this thread that has nothing else to do. */
    private void endSampling() {
        stepping.lock();
        try {
            ended = true;
            Parts made = parts;
            if (made != null) {
                made.sampler.end();
            }
        } finally {
            stepping.unlock();
        }
    }

    private boolean stoppedWithin(long nanos) {
        long deadline = System.nanoTime() + nanos;
        while (true) {
            try {
                return stopped.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (Throwable t) {
                // Interrupted by a stranger, or by a sampler or a listener that left its thread so: wait on.
                // Out of memory: not for ever.
            }
        }
    }

    private boolean isDeserted() {
        if (owner == null || owner.get() != null) {
            return false;
        }
        WaitingLine.Report left = line.report();
        if (left.inFlight() > 0 || left.waiting() > 0) {
            return false;
        }
        try {
            StepLog.logger().warn("gate '{}' was dropped without close(); its governor ends", gate);
        } catch (Throwable t) {
            // It ends all the same.
        }
        return true;
    }

    Observation step() {
        Parts made = parts;
        if (stepping.isHeldByCurrentThread() || (made != null && made.sampler.isAskingOnThisThread())) {
            throw new IllegalStateException("gate '" + gate + "': adjust() was called from within a step");
        }
        stepping.lock();
        try {
            made = parts;
            if (made == null) {
                made = makeParts();
                parts = made;
            }
            LeakLog.tell(gate, line.findLeaks(), nanoClock.getAsLong());
            CpuSample cpu = sample(made);
            double target = targetCpu;
            // Without a reading there is no decision, and what happened so far counts for the next step.
            WaitingLine.Report seen = cpu.isOk() ? line.endPeriod() : line.report();
            Decision decision =
                    cpu.isOk() ? decide(made, cpu, target, seen) : new Decision(seen.limit(), Reason.NO_READING);
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
                    seen.limitReached(),
                    noRoom ? (wanted < seen.limit() ? Reason.AT_FLOOR : Reason.AT_CEILING) : decision.reason());
            tell(made.told, step);
            return step;
        } finally {
            stepping.unlock();
        }
    }

    private Parts makeParts() {
        String whose = " of gate '" + gate + "'";
        List<Told> told = new ArrayList<>();
        told.add(new Told(new StepLog(), new FaultLog("the log" + whose)));
        for (GateListener listener : listeners) {
            told.add(new Told(listener, new FaultLog("a listener" + whose)));
        }
        WatchedSampler watched = new WatchedSampler(
                sampler == null ? CpuSampler.ofHost() : sampler, "cpugate-sampler-" + gate, answerWithinNanos);
        if (owner == null || ended) {
            watched.end(); // nobody would end its thread
        }
        return new Parts(
                watched,
                new FaultLog("the CPU sampler" + whose),
                policy == null ? StepPolicy.oneSlot() : policy,
                new FaultLog("the policy" + whose),
                told);
    }

    private CpuSample sample(Parts parts) {
        CpuSample sample;
        try {
            sample = Objects.requireNonNull(parts.sampler.sample(), "sample");
            switch (sample.health()) {
                case OK -> parts.samplerFaults.worked();
                case NO_READING, FAILING -> parts.samplerFaults.failed(sample.detail());
                case STARTING -> {}
            }
        } catch (Throwable t) {
            sample = CpuSample.failed(t, lastSample().smoothed());
            parts.samplerFaults.failed(t);
        }
        lastSample = sample;
        return sample;
    }

    private Decision decide(Parts parts, CpuSample cpu, double target, WaitingLine.Report seen) {
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
        try {
            Decision decision = Objects.requireNonNull(parts.policy.decide(input), "decision");
            Objects.requireNonNull(decision.reason(), "reason");
            parts.policyFaults.worked();
            return decision;
        } catch (Throwable t) {
            parts.policyFaults.failed(t);
            return input.hold(Reason.POLICY_FAILED);
        }
    }

    private static void tell(List<Told> told, Observation step) {
        for (Told each : told) {
            try {
                each.listener.onStep(step);
                each.faults.worked();
            } catch (Throwable t) {
                each.faults.failed(t);
            }
        }
    }

    double targetCpu() {
        return targetCpu;
    }

    void setTargetCpu(double percent) {
        targetCpu = percent;
    }

    CpuSample lastSample() {
        CpuSample last = lastSample;
        return last == null ? CpuSample.starting() : last;
    }
}
