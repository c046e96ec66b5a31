package io.github.cpugate.internal.governor;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.HostShare;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.internal.line.LimitMove;
import io.github.cpugate.internal.line.LineSnapshot;
import io.github.cpugate.internal.line.SlotSet;
import io.github.cpugate.internal.line.WaitingLine;
import io.github.cpugate.internal.share.PeerDirectory;
import io.github.cpugate.internal.share.Sharing;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepInput;
import io.github.cpugate.policy.StepPolicy;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes the steps: takes a sample, asks the policy, moves the limit, and hands the report to the dispatcher.
 *
 * <p>Sampler and policy are foreign code. Whatever they throw, an {@code Error} too, is logged once and changes nothing
 * else: without a sample or a decision the limit is held, and the next step is made as usual. If they do not return,
 * steps are made in place of the step that hangs, without a sample or a decision; so the API ceiling recovers, leaks
 * are given back, and the reports show the fault. Once they return, the step that asked them ends as usual.
 */
public final class Governor {

    /** Foreign code that has not returned for this long counts as hanging. A test may set another time. */
    public static final long PATIENCE_NANOS = 5_000_000_000L;

    /** How long {@link #close()} waits for the listeners; if one of them hangs, twice as long. */
    private static final long CLOSE_NANOS = 450_000_000L;

    /** How often a closed gate looks for lost slots. */
    private static final long LEAK_SEARCH_NANOS = 1_000_000_000;

    private final String gate;
    private final CpuSampler sampler;
    private final StepPolicy policy;
    private final @Nullable Sharing sharing; // the policy, if the gate shares the host
    private final WaitingLine line;
    private final GateReports reports;
    private final long patienceNanos;
    private final GateLog log;
    private final Dispatcher dispatcher;
    private final NestingCheck nesting;
    private final ForeignCode sampling;
    private final ForeignCode deciding;
    private final List<ForeignCode> foreignCode; // where a step may hang: the two above, and the check of a log level
    private volatile @Nullable GovernorThread thread; // null: all steps are made by hand

    /**
     * Held by the thread that makes a step, so that the sampler and the policy are never called by two threads at once,
     * and see what they wrote in the last call. It also guards the {@code NestingCheck}, which a step in place of one
     * that hangs does not call; so such a step does not need the lock.
     */
    private final ReentrantLock stepLock = new ReentrantLock();

    private volatile double targetCpu;
    private volatile CpuSample lastSample = CpuSample.starting();
    private final AtomicBoolean retryAfterLogged = new AtomicBoolean();
    private final AtomicBoolean dropLogged = new AtomicBoolean();

    /** A governor that makes no step until it is asked to, or started. */
    public Governor(
            String gate,
            CpuSampler sampler,
            StepPolicy policy,
            WaitingLine line,
            List<GateListener> listeners,
            LongSupplier nanoClock,
            double targetCpu,
            boolean manual,
            long patienceNanos,
            @Nullable Path sharedDirectory,
            long periodNanos) {
        this.gate = gate;
        this.sampler = sampler;
        this.line = line;
        this.reports = new GateReports(gate, nanoClock);
        this.targetCpu = targetCpu;
        this.patienceNanos = patienceNanos;
        this.log = new GateLog(gate, manual);
        this.sharing = sharedDirectory == null
                ? null
                : new Sharing(
                        policy,
                        new PeerDirectory(
                                sharedDirectory,
                                periodNanos,
                                nanoClock,
                                faultLog("the shared directory " + sharedDirectory)::report));
        this.policy = sharing == null ? policy : sharing;
        this.nesting = new NestingCheck(line, log);
        this.dispatcher = new Dispatcher(
                "cpugate-dispatcher-" + gate, "a listener of gate '" + gate + "'", listeners, log, manual);
        this.sampling = new ForeignCode("the CPU sampler of gate '" + gate + "'", log);
        this.deciding = new ForeignCode("the policy of gate '" + gate + "'", log);
        this.foreignCode = List.of(sampling, deciding, log.levelCheck());
        if (!listeners.isEmpty()) {
            line.observeWaits(new WaitListeners(listeners, faultLog("onWait of a listener")));
        }
    }

    FaultLog faultLog(String subject) {
        return new FaultLog(subject + " of gate '" + gate + "'", log);
    }

    GateLog log() {
        return log;
    }

    String gate() {
        return gate;
    }

    Dispatcher dispatcher() {
        return dispatcher;
    }

    long patienceNanos() {
        return patienceNanos;
    }

    /**
     * Makes a step at once and then one each period, on a daemon thread, until {@code owner} is garbage and the line
     * idle.
     */
    public void start(long periodNanos, Object owner) {
        GovernorThread made = new GovernorThread(this, periodNanos, owner);
        thread = made;
        made.start();
    }

    /** Ends the threads and calls the listeners. Waits up to a second for the listeners, and for no step under way. */
    public void close() {
        GovernorThread running = thread;
        boolean searches = running != null && !running.isEnded(); // a second close() has nothing to add
        if (running != null) {
            running.end();
        }
        if (sharing != null) {
            sharing.close();
        }
        dispatcher.start(this::snapshot);
        dispatcher.close(CLOSE_NANOS);
        if (searches) {
            searchLeaks(); // before the log is closed: from then on this thread would write it
        }
        log.close();
    }

    /** Gives lost slots back once a second on a closed gate while slots are held: a thread may wait in awaitIdle. */
    private void searchLeaks() {
        reportLeaks();
        if (line.snapshot().inFlight() > 0) {
            line.schedule(this::searchLeaks, LEAK_SEARCH_NANOS);
        }
    }

    /**
     * Makes one step on the current thread. Waits for a step under way; if the sampler or the policy holds that up for
     * too long, makes a step in its place.
     */
    public StepReport step() {
        if (stepLock.isHeldByCurrentThread() || dispatcher.isDelivering()) {
            throw new IllegalStateException("gate '" + gate
                    + "': step() must not be called by its sampler, policy, listeners or dependent stages");
        }
        return step(true);
    }

    /** Makes one step, as {@link #step()} does; on a closed gate, only a step made by hand is reported. */
    StepReport step(boolean byHand) {
        boolean interrupted = Thread.interrupted(); // it would fail a sampler whose I/O goes through a channel
        try {
            if (!dispatcher.isStarted()) {
                dispatcher.start(this::snapshot);
            }
            while (true) {
                interrupted |= awaitStepLock();
                if (stepLock.isHeldByCurrentThread()) {
                    return makeStep(byHand);
                }
                StepReport inPlace = stepInPlace(byHand);
                if (inPlace != null) {
                    return inPlace;
                }
            }
        } finally {
            if (stepLock.isHeldByCurrentThread()) {
                stepLock.unlock();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Tries to acquire the step lock for as long as a call may take; returns whether the thread was interrupted
     * meanwhile.
     */
    private boolean awaitStepLock() {
        boolean interrupted = false;
        while (!stepLock.tryLock()) {
            try {
                long nanos = patienceNanos;
                for (ForeignCode each : foreignCode) {
                    nanos = Math.min(nanos, each.nanosToHang(patienceNanos));
                }
                var unused = stepLock.tryLock(nanos, TimeUnit.NANOSECONDS);
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    private StepReport makeStep(boolean byHand) {
        reportLeaks();
        CpuSample cpu = sample();
        double target = targetCpu;
        // Without a reading there is no decision, and usage accumulates until the next one.
        LineSnapshot seen = line.beginStep(cpu.isOk());
        Decision decision = cpu.isOk() ? decide(cpu, target, seen) : new Decision(seen.cpuLimit(), Reason.NO_READING);
        StepReport report = complete(cpu, target, seen, decision, byHand);
        nesting.step(report);
        return report;
    }

    /** Whether a step on that thread hangs in foreign code. */
    boolean isHanging(Thread stepping) {
        for (ForeignCode each : foreignCode) {
            if (each.isHanging(stepping, patienceNanos)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Makes a step in place of one that hangs, with the limit held, and logs where it hangs. Returns null if none does.
     *
     * <p>The step that hangs may return meanwhile, and its report may come before or after this one. Both are true:
     * each shows the line as it found it, under the line's lock.
     */
    @Nullable
    StepReport stepInPlace(boolean byHand) {
        for (ForeignCode each : foreignCode) {
            TimeoutException hang = each.hang(patienceNanos);
            if (hang != null) {
                each.failed(hang);
                return stepInPlace(each, hang, byHand);
            }
        }
        return null;
    }

    private StepReport stepInPlace(ForeignCode hanging, TimeoutException hang, boolean byHand) {
        reportLeaks();
        CpuSample cpu = CpuSample.failed(hang, lastSample.smoothed());
        lastSample = hanging == sampling ? cpu : lastSample;
        LineSnapshot seen = line.beginStep(false);
        Reason reason = hanging == deciding ? Reason.POLICY_FAILED : Reason.NO_READING;
        return complete(cpu, targetCpu, seen, new Decision(seen.cpuLimit(), reason), byHand);
    }

    private void reportLeaks() {
        SlotSet.Leaks leaks = line.findLeaks();
        if (!leaks.isEmpty()) {
            var unused = log.write(writer -> writer.leaks(leaks));
        }
    }

    private CpuSample sample() {
        CpuSample sample;
        Throwable failure = null;
        sampling.enter();
        try {
            sample = Objects.requireNonNull(sampler.sample(), "sample");
        } catch (Throwable t) {
            failure = t;
            sample = CpuSample.failed(t, lastSample.smoothed());
        } finally {
            sampling.exit();
        }
        lastSample = sample;
        if (sample.health() != CpuSample.Health.STARTING) { // which is neither a fault nor the end of one
            sampling.report(failure != null ? failure : sample.isOk() ? null : sample.detail());
        }
        return sample;
    }

    private Decision decide(CpuSample cpu, double target, LineSnapshot seen) {
        StepInput input = new StepInput(
                cpu,
                target,
                seen.cpuLimit(),
                seen.minSlots(),
                seen.maxSlots(),
                seen.inFlight(),
                seen.meanInFlight(),
                seen.waiting(),
                seen.limitReached());
        deciding.enter();
        try {
            Decision decision = Objects.requireNonNull(policy.decide(input), "decision");
            Objects.requireNonNull(decision.reason(), "reason");
            deciding.worked();
            return decision;
        } catch (Throwable t) {
            deciding.failed(t);
            return input.hold(Reason.POLICY_FAILED);
        } finally {
            deciding.exit();
        }
    }

    private StepReport complete(CpuSample cpu, double target, LineSnapshot seen, Decision decision, boolean byHand) {
        LimitMove move =
                line.endStep(seen.cpuLimit(), decision.limit(), seen.sinceStep().refused() > 0);
        StepReport report = reports.step(cpu, target, seen, decision, move, share());
        String rejected = seen.rejectedRetryAfter();
        if (rejected != null && retryAfterLogged.compareAndSet(false, true)) {
            var unused = log.write(writer -> writer.rejectedRetryAfter(rejected));
        }
        log.step(report, byHand);
        dispatcher.step(report, byHand);
        return report;
    }

    /** Returns an executor that passes tasks on to the given one, and logs the faults of that one. */
    public Executor logged(Executor executor) {
        return new LoggedExecutor(executor, faultLog("the executor"));
    }

    boolean isIdle() {
        return line.snapshot().isIdle();
    }

    /** Logs, the first time, that a task that waited in line was dropped. */
    public void taskDropped(Throwable reason) {
        if (dropLogged.compareAndSet(false, true)) {
            var unused = log.write(writer -> writer.taskDropped(reason));
        }
    }

    public GateSnapshot snapshot() {
        return reports.snapshot(line.snapshot(), targetCpu, lastSample, share());
    }

    private HostShare share() {
        return sharing == null ? HostShare.ALONE : sharing.share();
    }

    public void setTargetCpu(double percent) {
        targetCpu = percent;
    }
}
