package io.github.cpugate.temporal;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.temporal.activity.ActivityInfo;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.LocalActivitySlotInfo;
import io.temporal.worker.tuning.SlotInfo;
import io.temporal.worker.tuning.SlotMarkUsedContext;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotReleaseContext;
import io.temporal.worker.tuning.SlotReserveContext;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs each activity of a Temporal worker in a slot of a gate, so that the worker takes as many tasks as its machine's
 * CPU allows.
 *
 * <pre>{@code
 * WorkerTuner tuner = new CompositeTuner(
 *         new FixedSizeSlotSupplier<>(50), // workflow tasks
 *         GateSlotSupplier.forActivities(gate),
 *         GateSlotSupplier.forLocalActivities(gate),
 *         new FixedSizeSlotSupplier<>(10)); // Nexus tasks
 * Worker worker = factory.newWorker("llm", WorkerOptions.newBuilder().setWorkerTuner(tuner).build());
 * }</pre>
 *
 * <p>Make one supplier for each worker, and one gate for all workers of a process. Close the gate after the workers
 * have been shut down: a worker of a closed gate receives no more tasks, which is logged once.
 *
 * <p>A worker reserves a slot before it polls, and a poll of an empty queue lasts for a minute or more. The supplier
 * keeps such polls from holding slots that others could use, and from appearing to the gate as sessions that cost no
 * CPU:
 *
 * <ul>
 *   <li>Of the polls of a task queue, one at a time has a slot or waits for one ({@link #polls} allows more).
 *   <li>A poll that has found nothing for {@value TaskSlot#GRACE_MILLIS} ms pauses its slot. When its task comes, the
 *       slot is taken back at once ({@link Slot#resumeNow()}). So a gate may be above its limit by one session for each
 *       task queue.
 * </ul>
 *
 * <p>Instances are safe for use by several threads. The methods that the worker calls do not block except for locks
 * that are held for a few instructions.
 *
 * @param <SI> the kind of tasks
 */
public final class GateSlotSupplier<SI extends SlotInfo> implements SlotSupplier<SI> {

    private final AdaptiveCpuGate gate;
    private final Function<SI, ActivityInfo> activity;
    private final int polls;
    private final int maxTasks;
    private final Map<String, PollLine> lines = new ConcurrentHashMap<>(); // by task queue
    private final Map<Attempt, Slot> used = new ConcurrentHashMap<>();

    /** Identifies an attempt to run an activity. A task token would not do, since local activities have none. */
    private record Attempt(@Nullable String run, @Nullable String activityRun, String activity, int number) {

        static Attempt of(ActivityInfo info) {
            return new Attempt(
                    info.getWorkflowRunId(), info.getActivityRunId(), info.getActivityId(), info.getAttempt());
        }
    }

    private GateSlotSupplier(AdaptiveCpuGate gate, Function<SI, ActivityInfo> activity, int polls) {
        this.gate = gate;
        this.activity = activity;
        this.polls = polls;
        this.maxTasks = (int) Math.min(Integer.MAX_VALUE, (long) gate.snapshot().maxSlots() + polls);
    }

    /**
     * Makes a supplier for the activities of a worker.
     *
     * @param gate the gate in whose slots they run
     * @return the supplier
     */
    public static GateSlotSupplier<ActivitySlotInfo> forActivities(AdaptiveCpuGate gate) {
        return new GateSlotSupplier<>(Objects.requireNonNull(gate, "gate"), ActivitySlotInfo::getActivityInfo, 1);
    }

    /**
     * Makes a supplier for the local activities of a worker. Give it the gate only if local activities run sessions;
     * short ones need a fixed number of slots.
     *
     * @param gate the gate in whose slots they run
     * @return the supplier
     */
    public static GateSlotSupplier<LocalActivitySlotInfo> forLocalActivities(AdaptiveCpuGate gate) {
        return new GateSlotSupplier<>(Objects.requireNonNull(gate, "gate"), LocalActivitySlotInfo::getActivityInfo, 1);
    }

    /**
     * Returns a supplier that lets several polls of a task queue have slots at a time. Each may also exceed the gate's
     * limit by one session when its task comes. More than one is of use if tasks come faster than one for each round
     * trip to the server.
     *
     * @param polls the number of polls, at least 1
     * @return the supplier, in place of this one
     * @throws IllegalArgumentException if {@code polls} is less than 1
     */
    public GateSlotSupplier<SI> polls(int polls) {
        if (polls < 1) {
            throw new IllegalArgumentException("polls must be at least 1: " + polls);
        }
        return new GateSlotSupplier<>(gate, activity, polls);
    }

    /**
     * Returns the slot in which an activity runs, so that it can report a refusal ({@link Slot#rateLimitedFor}), or
     * give its slot away while it waits ({@link Slot#pause()}). The supplier closes the slot when the activity has
     * ended.
     *
     * @param info the activity's own, {@code Activity.getExecutionContext().getInfo()}
     * @return its slot; empty if the activity has ended, or runs in no slot of this supplier
     */
    public Optional<Slot> slotOf(ActivityInfo info) {
        return Optional.ofNullable(used.get(Attempt.of(info)));
    }

    @Override
    public SlotSupplierFuture reserveSlot(SlotReserveContext<SI> context) {
        PollLine line = lines.computeIfAbsent(context.getTaskQueue(), queue -> new PollLine(queue, polls));
        Reservation reservation = new Reservation(gate, line);
        line.add(reservation);
        return reservation;
    }

    @Override
    public Optional<SlotPermit> tryReserveSlot(SlotReserveContext<SI> context) {
        try {
            return gate.trySlot().map(slot -> new SlotPermit(new TaskSlot(slot, () -> {})));
        } catch (GateClosedException e) {
            return Optional.empty();
        }
    }

    @Override
    public void markSlotUsed(SlotMarkUsedContext<SI> context) {
        TaskSlot taskSlot = taskSlot(context.getSlotPermit());
        used.put(Attempt.of(activity.apply(context.getSlotInfo())), taskSlot.slot());
        taskSlot.use();
    }

    @Override
    public void releaseSlot(SlotReleaseContext<SI> context) {
        SI info = context.getSlotInfo();
        if (info != null) { // else no task has come
            used.remove(Attempt.of(activity.apply(info)));
        }
        taskSlot(context.getSlotPermit()).release();
    }

    private static TaskSlot taskSlot(SlotPermit permit) {
        return (TaskSlot) permit.userData;
    }

    /**
     * Returns the most tasks that may run at once: the gate's {@code maxSlots} when this supplier was made, and one for
     * each poll. The worker has that many threads, and has no more if {@code maxSlots} is raised later.
     */
    @Override
    public Optional<Integer> getMaximumSlots() {
        return Optional.of(maxTasks);
    }
}
