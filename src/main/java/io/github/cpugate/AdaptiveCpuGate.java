package io.github.cpugate;

import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.internal.Checks;
import io.github.cpugate.internal.governor.Governor;
import io.github.cpugate.internal.line.AsyncCall;
import io.github.cpugate.internal.line.CallScope;
import io.github.cpugate.internal.line.GateExecutor;
import io.github.cpugate.internal.line.GatedPublisher;
import io.github.cpugate.internal.line.LineSlot;
import io.github.cpugate.internal.line.Trampoline;
import io.github.cpugate.internal.line.WaitingLine;
import io.github.cpugate.policy.StepPolicy;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds a machine at a CPU target by moving the number of sessions allowed at once.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder().targetCpu(70).minSlots(2).maxSlots(12).build();
 * try (Slot slot = gate.slot()) {
 *     stream(client, prompt);
 * }
 * }</pre>
 *
 * <p>Once a period, a governor thread samples CPU and moves the limit: down while CPU exceeds the target, up only well
 * below it, and never below {@code minSlots}. Callers wait in line for a {@link Slot} under that limit.
 *
 * <p>Any thread may call any method; for memory effects see {@link Slot}. A caller that takes a slot waits for the line
 * only, never for a CPU reading, a step or the log. If a sampler, a policy or a listener of steps throws or hangs, that
 * reaches no caller and does not end the governor; without a reading the limit is held.
 */
public final class AdaptiveCpuGate implements AutoCloseable {

    private final WaitingLine line;
    private final Governor governor;
    private final CallScope scope = new CallScope();

    private AdaptiveCpuGate(Builder b, String name, int initialSlots) {
        this.line = new WaitingLine(name, b.minSlots, b.maxSlots, initialSlots, b.maxWaiting, b.nanoClock, b.leakNanos);
        CpuSampler sampler = b.sampler == null ? CpuSampler.ofHost() : b.sampler;
        StepPolicy policy = b.policy == null ? StepPolicy.oneSlot() : b.policy;
        this.governor = new Governor(
                name,
                sampler,
                policy,
                line,
                b.listeners,
                b.nanoClock,
                b.targetCpu,
                b.manual,
                Governor.PATIENCE_NANOS,
                b.sharedDirectory,
                b.periodNanos);
        if (b.executor != null) {
            line.completeOn(governor.logged(b.executor));
        } else if (b.manual) {
            line.completeOn(new Trampoline());
        }
    }

    /** {@return a new builder; each method states the default of its value} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Waits for a slot for as long as it takes, first come, first served.
     *
     * @return the slot; close it when the session ends
     * @throws InterruptedException if the thread is interrupted on entry or while waiting; it then holds no slot. If
     *     the slot was granted before the interrupt, the call returns normally and the interrupt status stays set
     * @throws GateClosedException if the gate is closed, or is closed during the wait
     * @throws GateFullException if the call would have to wait, and the line is full
     */
    public Slot slot() throws InterruptedException {
        LineSlot slot = new LineSlot(line);
        slot.enter();
        return slot;
    }

    /**
     * {@return a slot, or empty if none is free} Does not wait, and never overtakes callers in line.
     *
     * @throws GateClosedException if the gate is closed
     */
    public Optional<Slot> trySlot() {
        // Made first, so that nothing can fail once the slot is held.
        Optional<Slot> slot = Optional.of(new LineSlot(line));
        return ((LineSlot) slot.get()).tryEnter() ? slot : Optional.empty();
    }

    /**
     * Waits for a slot for a limited time, first come, first served.
     *
     * @param atMost how long to wait; if zero or negative, the call does not wait
     * @return the slot, or empty if the time passed
     * @throws InterruptedException as {@link #slot()} does
     * @throws GateClosedException if the gate is closed, or is closed during the wait
     * @throws GateFullException if the call would have to wait, and the line is full
     */
    public Optional<Slot> trySlot(Duration atMost) throws InterruptedException {
        long nanos = Checks.nanos("atMost", atMost);
        Optional<Slot> slot = Optional.of(new LineSlot(line)); // made first, as in trySlot()
        return ((LineSlot) slot.get()).enter(nanos) ? slot : Optional.empty();
    }

    /**
     * Waits in line for a slot without blocking, first come, first served. Cancelling the future, or completing it in
     * any other way ({@code orTimeout}), takes the caller out of the line.
     *
     * <p>If no slot is free at once, the future completes on a thread of the gate's own, or on the executor that
     * {@link Builder#executor} has set. So dependent stages do not run on the thread that closed a slot or made a step,
     * and do not see its context. On a {@link Builder#manual() manual} gate without such an executor, they do run on
     * that thread. If the stage that should close the slot never runs, the slot is never closed.
     *
     * @return a future of the slot; it fails with {@link GateClosedException} if the gate is closed before the grant,
     *     and with {@link GateFullException} if the line is full
     */
    public CompletableFuture<Slot> slotAsync() {
        return new LineSlot(line).enterAsync();
    }

    /**
     * Waits for a slot, calls {@code work} on this thread, and gives the slot back however the work ends. A call that
     * is made on this thread within another call of the same gate, or within a task of its {@link #executor}, shares
     * the slot of the outer one: a session that waited for a second slot while it held the first could wait for ever.
     *
     * @param <T> the type of the result
     * @param work a blocking call
     * @return what the work returned
     * @throws Exception what the work threw, or what {@link #slot()} throws
     */
    public <T extends @Nullable Object> T call(Callable<T> work) throws Exception {
        Objects.requireNonNull(work, "work");
        if (scope.isInside()) {
            return work.call();
        }
        try (Slot slot = slot()) {
            boolean nested = scope.enter();
            try {
                return work.call();
            } finally {
                scope.exit(nested);
            }
        }
    }

    /**
     * Waits in line for a slot without blocking, then calls {@code work}. Gives the slot back when the stage that the
     * work returns completes, fails or is cancelled; at once if the work throws or returns null.
     *
     * <p>The work runs on this thread if a slot is free, and otherwise where {@link #slotAsync()} completes. Cancelling
     * the future, or completing it in any other way, takes the caller out of the line, or cancels the stage, which
     * should end the work. The future fails with what the work throws, with a {@link NullPointerException} if the work
     * returns null, and as that of {@link #slotAsync()} does if no slot is granted.
     *
     * @param <T> the type of the result
     * @param work starts a session, and returns a stage that completes at its end
     * @return a future of the stage's result; the slot is given back before it completes
     */
    public <T extends @Nullable Object> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> work) {
        Objects.requireNonNull(work, "work");
        return AsyncCall.start(slotAsync(), slot -> work.get());
    }

    /**
     * Does the same as {@link #callAsync(Supplier)}, and passes the slot to the work, which may {@linkplain Slot#pause
     * pause} it or report a {@linkplain Slot#rateLimited refusal}. The work need not close the slot; if it does, the
     * gate admits the next caller at once.
     *
     * @param <T> the type of the result
     * @param work starts a session in the slot, and returns a stage that completes at its end
     * @return a future of the stage's result; the slot is given back before it completes
     */
    public <T extends @Nullable Object> CompletableFuture<T> callAsync(
            Function<? super Slot, ? extends CompletionStage<T>> work) {
        Objects.requireNonNull(work, "work");
        return AsyncCall.start(slotAsync(), work);
    }

    /**
     * Returns a publisher that runs a source in a slot. Each subscription waits in line without a thread, then takes a
     * new source and subscribes to it. The slot is given back when the source completes or fails, or when the
     * subscriber cancels, before the subscriber sees the end. A cancellation in line leaves the line.
     *
     * <p>The subscriber receives {@code onSubscribe} at once. If the gate is closed or its line is full, it then
     * receives {@code onError} with a {@link GateClosedException} or a {@link GateFullException}, if the supplier
     * throws, with what it threw, and if the supplier returns null, with a {@link NullPointerException}. The supplier
     * is called, and the source subscribed to, on the subscribing thread if a slot is free, and otherwise where
     * {@link #slotAsync()} completes. Libraries with their own kinds of publishers adapt theirs to {@code Flow}, such
     * as Reactor with {@code JdkFlowAdapter}.
     *
     * @param <T> the type of the items
     * @param source makes a publisher for each subscription; the session must begin when that is subscribed to, and end
     *     with it
     * @return a publisher that conforms to Reactive Streams if its sources do
     */
    public <T> Flow.Publisher<T> publisher(Supplier<? extends Flow.Publisher<? extends T>> source) {
        return new GatedPublisher<>(this::slotAsync, Objects.requireNonNull(source, "source"));
    }

    /**
     * Returns an executor that runs each task in a slot. A task that has to wait occupies no thread. {@code execute}
     * throws a RejectedExecutionException if the gate is closed or its line is full, and passes on what
     * {@code delegate} throws. If the delegate rejects a task right after another task has ended, the executor tries
     * again, since the delegate's worker may not be idle yet.
     *
     * <p>The delegate receives each task as a Future, whose cancellation gives the slot back. When the gate is closed,
     * each task in line whose cancellation completes its owner's future, such as a FutureTask, is cancelled. The other
     * tasks in line, such as those of {@code supplyAsync}, run without a slot, one after the other, once a worker is
     * free, since their owners would otherwise wait for ever. A task that the delegate discards, or rejects after
     * {@code execute} has returned, is cancelled if it is a Future, and the first such loss is logged.
     * {@link #callAsync} reports every outcome.
     *
     * @param delegate runs the tasks; called on the thread that calls {@code execute}, or where the future of
     *     {@link #slotAsync()} would complete
     * @return an executor
     */
    public Executor executor(Executor delegate) {
        Objects.requireNonNull(delegate, "delegate");
        // The lambda refers to this gate, which must not become garbage while its executor is in use.
        return new GateExecutor(line, scope, delegate, reason -> governor.taskDropped(reason));
    }

    /**
     * Makes one governor step now, on this thread, on a closed gate too: takes a sample, moves the limit as the policy
     * decides, admits the callers that then fit, and reports the step to the listeners.
     *
     * <p>Waits, uninterruptibly, for the sampler, the policy and a step under way. If a step of another thread hangs in
     * one of them for 5 s, makes a step without a reading instead. On a {@link Builder#manual() manual} or a closed
     * gate this thread calls the listeners; otherwise the dispatcher thread calls them later.
     *
     * @return what the step saw and did
     * @throws IllegalStateException if a sampler, a policy or a dependent stage calls it from within a step, or a
     *     listener from {@code onStart}, {@code onStep} or {@code onClose}
     */
    public StepReport step() {
        return governor.step();
    }

    /** {@return the gate at this moment} Does not wait for a step under way. */
    public GateSnapshot snapshot() {
        return governor.snapshot();
    }

    /**
     * Sets the target, which the next step uses.
     *
     * @param percent percent of the scope that governs, in (1, 100]; {@link CpuSampler#ofHost()} says which
     * @throws IllegalArgumentException if {@code percent} is out of range
     */
    public void setTargetCpu(double percent) {
        governor.setTargetCpu(Checks.targetCpu(percent));
    }

    /**
     * Sets the bounds, moves the limit into them at once, and admits the callers that then fit. Takes no slot away.
     * Does not block except for the gate's lock. On a manual gate it also runs the stages that depend on a future that
     * it completes.
     *
     * @param minSlots the lowest limit, in slots, at least 1
     * @param maxSlots the highest limit, in slots, at least {@code minSlots}
     * @throws IllegalArgumentException if a bound is out of range
     */
    public void setSlots(int minSlots, int maxSlots) {
        Checks.bounds(minSlots, maxSlots);
        line.setBounds(minSlots, maxSlots);
    }

    /**
     * Stops the governor, refuses callers that wait and callers to come with a {@link GateClosedException}, and calls
     * {@link GateListener#onClose()}. Waits, uninterruptibly, up to a second for these calls, on a manual gate until
     * they return. May be called again. Does not wait for a step under way, nor for sessions in flight, which run on:
     * see {@link #awaitIdle}.
     */
    @Override
    public void close() {
        line.close();
        governor.close();
    }

    /**
     * Waits until no slot is held. A paused slot does not count. On an open gate that may be true for a moment only.
     *
     * @param atMost how long to wait; if zero or negative, the call does not wait
     * @return whether there was such a moment; {@code false} if the time passed first
     * @throws InterruptedException if the thread is interrupted on entry or while waiting
     */
    public boolean awaitIdle(Duration atMost) throws InterruptedException {
        return line.awaitIdle(Checks.nanos("atMost", atMost));
    }

    @Override
    public String toString() {
        return snapshot().toString();
    }

    /**
     * Configures a gate. A method throws an {@link IllegalArgumentException} that names an invalid value, and
     * {@link #build()} does if values contradict each other. Not thread-safe.
     */
    public static final class Builder extends GateOptions {

        private static final AtomicInteger UNNAMED = new AtomicInteger();

        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /**
         * Builds the gate and starts its governor, whose thread loads what the sampler needs. May be called again, but
         * each gate needs its own sampler and, unless it is stateless, its own policy.
         *
         * @return a new gate
         * @throws IllegalArgumentException if the bounds contradict each other
         */
        public AdaptiveCpuGate build() {
            int initial = Checks.slots(minSlots, maxSlots, initialSlots == null ? minSlots : initialSlots);
            AdaptiveCpuGate gate =
                    new AdaptiveCpuGate(this, name == null ? "gate-" + UNNAMED.incrementAndGet() : name, initial);
            if (!manual) {
                gate.governor.start(periodNanos, gate);
            }
            return gate;
        }
    }
}
