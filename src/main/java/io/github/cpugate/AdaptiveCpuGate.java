package io.github.cpugate;

import io.github.cpugate.cpu.CpuSampler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds a machine at a CPU target by moving the number of sessions allowed at once.
 *
 * <pre>{@code
 * try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder().targetCpu(70).minSlots(2).maxSlots(12).build()) {
 *     try (Slot slot = gate.slot()) {
 *         stream(client, prompt);
 *     }
 * }
 * }</pre>
 *
 * <p>A governor thread samples CPU once a period and moves the limit: down while CPU exceeds the target, up only well
 * below it, never below {@code minSlots}. Callers wait in line for a {@link Slot} under that limit, first come, first
 * served. A lowered limit takes no slot away.
 *
 * <p><b>Thread-safety.</b> All methods may be called from any thread. Who wants a slot blocks on the line only: CPU is
 * read, and listeners and the log are told, on the gate's own threads, or on that of whoever calls {@link #adjust()}.
 *
 * <p><b>Memory effects.</b> What a thread did before {@link Slot#close()} happens-before what the next holder of that
 * slot does after getting it.
 *
 * <p><b>Faults.</b> A sampler, policy or listener that fails or hangs never reaches a caller nor stops the governor.
 * Without a reading the limit is held.
 */
public final class AdaptiveCpuGate implements AutoCloseable {

    private final WaitingLine line;
    private final Governor governor;

    private AdaptiveCpuGate(Builder b, String name, int initialSlots) {
        Executor completer = b.manual ? new CallingThread() : null;
        this.line = new WaitingLine(name, b.minSlots, b.maxSlots, initialSlots, b.nanoClock, b.leakNanos, completer);
        this.governor = new Governor(name, b.sampler, b.policy, line, b.listeners, b.nanoClock, b.targetCpu);
    }

    /** {@return a new builder with every value at its default, which its methods tell} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Waits for a slot for as long as it takes, first come, first served.
     *
     * @return the slot; close it when the session ends
     * @throws InterruptedException if the thread was interrupted on entry or while waiting; it has left the line and
     *     holds no slot. If the slot was granted first, it is returned, and the thread's interrupt status stays set
     * @throws GateClosedException if the gate is closed, or is closed during the wait
     */
    public Slot slot() throws InterruptedException {
        Slot slot = new Slot(line);
        line.enter(slot);
        return slot;
    }

    /**
     * {@return a slot, or empty if none is free now; does not wait, and never overtakes callers in line}
     *
     * @throws GateClosedException if the gate is closed
     */
    public Optional<Slot> trySlot() {
        Optional<Slot> slot = Optional.of(new Slot(line));
        return line.tryEnter(slot.get()) ? slot : Optional.empty();
    }

    /**
     * Waits for a slot for a limited time, first come, first served.
     *
     * @param atMost how long to wait; if zero or negative, does not wait
     * @return the slot, or empty if the time passed; the thread has then left the line and holds no slot
     * @throws InterruptedException as {@link #slot()} does
     * @throws GateClosedException if the gate is closed, or is closed during the wait
     */
    public Optional<Slot> trySlot(Duration atMost) throws InterruptedException {
        long nanos = Checks.nanos("atMost", atMost);
        Optional<Slot> slot = Optional.of(new Slot(line));
        return line.enter(slot.get(), nanos) ? slot : Optional.empty();
    }

    /**
     * Lines up for a slot without blocking, first come, first served. To cancel the future, or to complete it in any
     * other way ({@code orTimeout}), takes it out of the line.
     *
     * <p>If the slot does not come at once, the future is completed by the default executor of CompletableFuture, so
     * that neither a session's end nor a governor's step runs what depends on it; on a {@link Builder#manual()} gate by
     * the thread that makes room. A dependent that blocks needs an executor; one that never runs closes no slot.
     *
     * @return a future of the slot; it fails with {@link GateClosedException} if the gate is closed, or is closed
     *     during the wait
     */
    public CompletableFuture<Slot> slotAsync() {
        return line.enterAsync(new Slot(line));
    }

    /**
     * Waits for a slot, calls {@code work} on this thread, and gives the slot back however that ends.
     *
     * @param <T> what the work returns
     * @param work a blocking call
     * @return what the work returned
     * @throws Exception what the work threw, or what {@link #slot()} throws
     */
    public <T extends @Nullable Object> T call(Callable<T> work) throws Exception {
        Objects.requireNonNull(work, "work");
        try (Slot slot = slot()) {
            return work.call();
        }
    }

    /**
     * Lines up for a slot without blocking, then calls {@code work}, and gives the slot back when the stage that it
     * returns completes, fails or is cancelled; at once if the work throws or returns null.
     *
     * <p>The work is called on this thread if a slot is free, otherwise where {@link #slotAsync()} completes. To cancel
     * the future takes it out of the line, or cancels the stage: return that whose cancellation ends the work.
     *
     * @param <T> what the stage comes to
     * @param work starts a session, and returns a stage that completes at its end
     * @return a future of what the stage comes to; the slot is given back before it completes
     */
    public <T extends @Nullable Object> CompletableFuture<T> callAsync(Supplier<? extends CompletionStage<T>> work) {
        Objects.requireNonNull(work, "work");
        return AsyncCall.start(slotAsync(), work);
    }

    /**
     * Returns an executor that runs each task in a slot. Until there is one, the task waits in line, and no thread.
     *
     * <p>{@code execute} throws a RejectedExecutionException if the gate is closed, and what {@code delegate} throws. A
     * task that is refused while in line, by the gate's closing or by {@code delegate}, does not run; it is cancelled
     * if it is a Future, and the first one is logged. Only {@link #callAsync} tells every outcome.
     *
     * @param delegate runs the tasks; called on this thread, or where {@link #slotAsync()} completes
     * @return an executor
     */
    public Executor executor(Executor delegate) {
        return new GateExecutor(this::slotAsync, Objects.requireNonNull(delegate, "delegate"));
    }

    /**
     * Makes one governor step now, on this thread, as the governor's thread does each period: takes a sample, moves the
     * limit as the policy says, wakes the callers that now fit, tells the listeners.
     *
     * <p>Waits for all of them, uninterruptibly, and for a step under way, unless one of them holds that up for 5 s.
     * Works on a closed gate too. A host's CPU has no new reading within 0.3 s of the last.
     *
     * @return what the step saw and did
     * @throws IllegalStateException if called from within a step (by a sampler, policy, listener or dependent)
     */
    public Observation adjust() {
        return governor.step();
    }

    /** {@return the gate at one moment; does not wait for a step under way} */
    public GateSnapshot snapshot() {
        return governor.snapshot();
    }

    /**
     * Sets the target, by which the next step will go.
     *
     * @param percent percent of the host, or of the CPU quota that binds, in (1, 100]
     * @throws IllegalArgumentException if {@code percent} is out of range
     */
    public void setTargetCpu(double percent) {
        governor.setTargetCpu(Checks.targetCpu(percent));
    }

    /**
     * Sets the bounds, and moves the limit into them at once: a raised limit admits as many callers in line as now fit,
     * a lowered one takes no slot away. Does not block.
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
     * Stops the governor, refuses callers in line and to come with a {@link GateClosedException}, and lets sessions in
     * flight end. Does not wait for them, {@link #awaitIdle} does; for listeners to know, a second at most.
     */
    @Override
    public void close() {
        line.close();
        governor.close();
    }

    /**
     * Waits until no slot is held; paused ones are not. On an open gate that passes; after {@link #close()} it lasts.
     *
     * @param atMost how long to wait; if zero or negative, does not wait
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
     * Configures a gate. A bad value throws {@link IllegalArgumentException} that names it, when it is set, or by
     * {@link #build()} if it contradicts another; none is corrected silently. Not thread-safe.
     */
    public static final class Builder {

        private static final AtomicInteger UNNAMED = new AtomicInteger();

        // The defaults, all of them.
        private double targetCpu = 70; // percent
        private int minSlots = 1;
        private int maxSlots = 16;
        private @Nullable Integer initialSlots; // minSlots
        long periodNanos = 2_000_000_000;
        private @Nullable CpuSampler sampler; // CpuSampler.ofHost(): OSHI, EWMA with alpha 0.3
        private @Nullable StepPolicy policy; // StepPolicy.oneSlot(): grows below 0.8 x target
        private LongSupplier nanoClock = new JvmClock();
        private @Nullable String name; // gate-1, gate-2, ...
        private boolean manual; // with a governor thread
        private long leakNanos; // off
        private final List<GateListener> listeners = new ArrayList<>();

        private Builder() {}

        /**
         * Names the gate in logs, observations and the governor's thread. Default: {@code gate-1} and so on.
         *
         * @param name not blank
         * @return this builder
         */
        public Builder name(String name) {
            this.name = Checks.notBlank("name", name);
            return this;
        }

        /**
         * Sets the CPU to hold, all processes of the host, or of the group with the quota, together. Default: 70.
         *
         * @param percent percent of the host, or of the CPU quota that binds, in (1, 100]
         * @return this builder
         */
        public Builder targetCpu(double percent) {
            this.targetCpu = Checks.targetCpu(percent);
            return this;
        }

        /**
         * Sets the floor: so many sessions run whatever the CPU does. Default: 1.
         *
         * @param slots at least 1
         * @return this builder
         */
        public Builder minSlots(int slots) {
            this.minSlots = Checks.atLeastOne("minSlots", slots);
            return this;
        }

        /**
         * Sets the ceiling. Default: 16.
         *
         * @param slots at least 1
         * @return this builder
         */
        public Builder maxSlots(int slots) {
            this.maxSlots = Checks.atLeastOne("maxSlots", slots);
            return this;
        }

        /**
         * Sets the limit to start from. Default: the floor.
         *
         * @param slots between {@code minSlots} and {@code maxSlots}
         * @return this builder
         */
        public Builder initialSlots(int slots) {
            this.initialSlots = Checks.atLeastOne("initialSlots", slots);
            return this;
        }

        /**
         * Sets the time from the end of one step of the governor's thread to the beginning of the next. Default: 2 s.
         * OSHI renews its counters each 300 ms; with a shorter period some steps have no reading.
         *
         * @param period positive
         * @return this builder
         */
        public Builder period(Duration period) {
            this.periodNanos = Checks.positiveNanos("period", period);
            return this;
        }

        /**
         * Sets where samples come from; a test's may be one line. Default: {@link CpuSampler#ofHost()}.
         *
         * @param sampler of this gate alone
         * @return this builder
         */
        public Builder sampler(CpuSampler sampler) {
            this.sampler = Objects.requireNonNull(sampler, "sampler");
            return this;
        }

        /**
         * Sets the rule that moves the limit. Default: {@link StepPolicy#oneSlot()}.
         *
         * @param policy of this gate alone, unless it is stateless
         * @return this builder
         */
        public Builder policy(StepPolicy policy) {
            this.policy = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /**
         * Adds a listener. May be called more than once.
         *
         * @param listener told of every step, after those added before
         * @return this builder
         */
        public Builder listener(GateListener listener) {
            this.listeners.add(Objects.requireNonNull(listener, "listener"));
            return this;
        }

        /**
         * Warns once of each slot held for longer, with the stack that took it; costs a stack trace a call. Default:
         * off.
         *
         * @param after positive; longer than any session takes
         * @return this builder
         */
        public Builder leakWarning(Duration after) {
            this.leakNanos = Checks.positiveNanos("leakWarning", after);
            return this;
        }

        /**
         * Sets the clock for the times in observations. Default: {@link System#nanoTime()}. Time limits of waits are
         * the JVM's own and do not go by it.
         *
         * @param nanoClock monotonic, in nanoseconds; it must neither throw nor block
         * @return this builder
         */
        public Builder nanoClock(LongSupplier nanoClock) {
            this.nanoClock = Objects.requireNonNull(nanoClock, "nanoClock");
            return this;
        }

        /**
         * Builds the gate without a governor thread: the limit moves only by {@link AdaptiveCpuGate#adjust()}.
         *
         * @return this builder
         */
        public Builder manual() {
            this.manual = true;
            return this;
        }

        /**
         * Builds the gate and starts its governor. Returns at once: the sampler is loaded on the governor's thread, and
         * {@code initialSlots} sessions are admitted meanwhile. May be called again: a gate with a sampler or a policy
         * that remembers needs one of its own.
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
