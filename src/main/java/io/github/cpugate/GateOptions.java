package io.github.cpugate;

import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.internal.Checks;
import io.github.cpugate.internal.JvmClock;
import io.github.cpugate.policy.StepPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The options of a gate, which {@link AdaptiveCpuGate.Builder} inherits: their defaults, and the methods that set them.
 */
abstract sealed class GateOptions permits AdaptiveCpuGate.Builder {

    double targetCpu = 70; // percent
    int minSlots = 1;
    int maxSlots = 16;

    @Nullable
    Integer initialSlots; // minSlots

    int maxWaiting = Integer.MAX_VALUE;
    long periodNanos = 2_000_000_000;

    @Nullable
    CpuSampler sampler; // CpuSampler.ofHost(): OSHI, EWMA with alpha 0.3

    @Nullable
    StepPolicy policy; // StepPolicy.oneSlot(): grows below 0.8 x target

    @Nullable
    Executor executor; // threads of the gate's own

    LongSupplier nanoClock = new JvmClock();

    @Nullable
    String name; // gate-1, gate-2, ...

    boolean manual; // default: a governor thread
    long leakNanos; // off

    @Nullable
    Path sharedDirectory; // the host is not shared

    final List<GateListener> listeners = new ArrayList<>();

    GateOptions() {}

    abstract AdaptiveCpuGate.Builder self();

    /**
     * Names the gate in logs, step reports and its threads. Default: {@code gate-1} and so on.
     *
     * @param name not blank
     * @return this builder
     */
    public AdaptiveCpuGate.Builder name(String name) {
        this.name = Checks.notBlank("name", name);
        return self();
    }

    /**
     * Sets the CPU target for all processes of the scope together. The scope is the host, the processors that this
     * process may use, a quota, or the CPU of this JVM against a number of cores. Default: 70.
     *
     * @param percent percent of the scope that governs, in (1, 100]; {@link CpuSampler#ofHost()} says which
     * @return this builder
     */
    public AdaptiveCpuGate.Builder targetCpu(double percent) {
        this.targetCpu = Checks.targetCpu(percent);
        return self();
    }

    /**
     * Sets the floor: this number of sessions may run whatever the CPU does. Default: 1.
     *
     * @param slots at least 1
     * @return this builder
     */
    public AdaptiveCpuGate.Builder minSlots(int slots) {
        this.minSlots = Checks.atLeastOne("minSlots", slots);
        return self();
    }

    /**
     * Sets the highest limit. Default: 16.
     *
     * @param slots at least 1
     * @return this builder
     */
    public AdaptiveCpuGate.Builder maxSlots(int slots) {
        this.maxSlots = Checks.atLeastOne("maxSlots", slots);
        return self();
    }

    /**
     * Sets the limit to start from. Default: {@code minSlots}.
     *
     * @param slots between {@code minSlots} and {@code maxSlots}
     * @return this builder
     */
    public AdaptiveCpuGate.Builder initialSlots(int slots) {
        this.initialSlots = Checks.atLeastOne("initialSlots", slots);
        return self();
    }

    /**
     * Sets the time from the end of one step to the beginning of the next. Default: 2 s. OSHI renews its counters every
     * 300 ms, so with a shorter period some steps have no reading.
     *
     * @param period positive
     * @return this builder
     */
    public AdaptiveCpuGate.Builder period(Duration period) {
        this.periodNanos = Checks.positiveNanos("period", period);
        return self();
    }

    /**
     * Sets where samples come from; a test's sampler may be one line. Default: {@link CpuSampler#ofHost()}.
     *
     * @param sampler a sampler that no other gate uses
     * @return this builder
     */
    public AdaptiveCpuGate.Builder sampler(CpuSampler sampler) {
        this.sampler = Objects.requireNonNull(sampler, "sampler");
        return self();
    }

    /**
     * Sets the rule that moves the limit. Default: {@link StepPolicy#oneSlot()}.
     *
     * @param policy a policy that no other gate uses, unless it is stateless
     * @return this builder
     */
    public AdaptiveCpuGate.Builder policy(StepPolicy policy) {
        this.policy = Objects.requireNonNull(policy, "policy");
        return self();
    }

    /**
     * Adds a listener. May be called more than once; listeners are called in the order in which they were added.
     *
     * @param listener receives the report of every step
     * @return this builder
     */
    public AdaptiveCpuGate.Builder listener(GateListener listener) {
        this.listeners.add(Objects.requireNonNull(listener, "listener"));
        return self();
    }

    /**
     * Sets the executor that completes the futures of callers that waited: those of {@link AdaptiveCpuGate#slotAsync()}
     * and of the methods that build on it. The dependent stages of these futures, and the work that was passed to
     * {@link AdaptiveCpuGate#callAsync}, then run on this executor, so a stage may block if the executor has threads to
     * spare. If it rejects a task, the gate's own threads run that task, and the first such fault is logged. These
     * threads also continue a long chain of futures if the executor runs tasks on the calling thread. Default: up to 64
     * daemon threads of the gate's own. They end after a second without work, and inherit neither thread-local values
     * nor a context class loader.
     *
     * @param executor where futures complete; called on the thread that closed a slot, made a step or closed the gate
     * @return this builder
     */
    public AdaptiveCpuGate.Builder executor(Executor executor) {
        this.executor = Objects.requireNonNull(executor, "executor");
        return self();
    }

    /**
     * Bounds the line. While this number of callers waits, a caller that would have to wait gets a
     * {@link GateFullException} at once. A session that resumes its slot is never turned away. Default: no bound.
     *
     * @param callers at least 1
     * @return this builder
     */
    public AdaptiveCpuGate.Builder maxWaiting(int callers) {
        this.maxWaiting = Checks.atLeastOne("maxWaiting", callers);
        return self();
    }

    /**
     * Logs a warning, once, for each slot that is held for longer than {@code after}, with the stack of the call that
     * took it. Costs a stack trace for each slot taken. Default: off.
     *
     * @param after positive, and longer than any session takes
     * @return this builder
     */
    public AdaptiveCpuGate.Builder leakWarning(Duration after) {
        this.leakNanos = Checks.positiveNanos("leakWarning", after);
        return self();
    }

    /**
     * Shares the CPU of the host fairly with the other gates that name the same directory, whether of this JVM or of
     * others. Default: off, so that of two gates the one that started first may keep most of the CPU.
     *
     * <p>A gate that wants more CPU gets an equal part of the target, and of what other gates do not need. Only gates
     * with the same target share it: to a gate with a lower target, the others are strangers, so it yields to them. The
     * gates should have the same period and may have different policies. CPU is shared within one scope: the host, the
     * same allowed processors, the same quota, or the own CPU of one JVM.
     *
     * <p>In the directory, which is created, with its parents and for its owner only, if it does not exist, each gate
     * has a small file that its governor thread overwrites at each step and removes when the gate is closed. The file
     * of a gate that ended in another way is ignored after 3.5 periods, and removed after a minute or after 3.5
     * periods, whichever is longer. Use a local file system, and a directory in which only trusted users can write. A
     * fault of the directory is logged once. A gate that cannot read the directory uses what it last read for up to 3.5
     * periods, and then its own CPU readings alone.
     *
     * @param directory the same for all gates that share, as in {@code Path.of("/dev/shm/cpugate")}; several containers
     *     of one machine may mount it
     * @return this builder
     */
    public AdaptiveCpuGate.Builder shareHost(Path directory) {
        this.sharedDirectory = Objects.requireNonNull(directory, "directory");
        return self();
    }

    /**
     * Sets the clock for reports, back-off and leaks; waits use the JVM's. Default: {@link System#nanoTime()}.
     *
     * @param nanoClock monotonic, in nanoseconds; it must neither throw nor block
     * @return this builder
     */
    public AdaptiveCpuGate.Builder nanoClock(LongSupplier nanoClock) {
        this.nanoClock = Objects.requireNonNull(nanoClock, "nanoClock");
        return self();
    }

    /**
     * Builds the gate without a governor thread: the limit moves only when {@link AdaptiveCpuGate#step()} is called.
     * Listeners run on the thread that calls the gate, and so do dependent stages unless {@code executor} is set. The
     * gate starts a timer thread only while a session backs off or a rejected task is to be tried again; dependent
     * stages may run on that thread, too.
     *
     * @return this builder
     */
    public AdaptiveCpuGate.Builder manual() {
        this.manual = true;
        return self();
    }
}
