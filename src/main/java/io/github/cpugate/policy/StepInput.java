package io.github.cpugate.policy;

import io.github.cpugate.cpu.CpuSample;

/**
 * What a {@link StepPolicy} decides on: the state of the gate, and what happened since the last step.
 *
 * <p>The gate makes it. A test of a policy makes one with {@link #of} and the {@code with} methods, and so names only
 * what it sets; components may be added to the record. Immutable. Nothing is checked.
 *
 * @param cpu a sample with a valid reading ({@link CpuSample#isOk()}); without one, the gate does not ask its policy
 * @param targetCpu the target, percent of the scope of {@code cpu}
 * @param limit the CPU limit, in slots; the gate allows fewer if the API ceiling is lower
 * @param minSlots the lowest limit, in slots
 * @param maxSlots the highest limit, in slots
 * @param inFlight slots held now; above {@code limit} while a cut drains
 * @param meanInFlight the time-weighted mean of the slots held since the last step that had a reading
 * @param waiting callers in line now
 * @param limitReached whether, since the last step that had a reading, any caller went without a slot or had to wait
 *     because of this limit, not because of the API ceiling
 */
public record StepInput(
        CpuSample cpu,
        double targetCpu,
        int limit,
        int minSlots,
        int maxSlots,
        int inFlight,
        double meanInFlight,
        int waiting,
        boolean limitReached) {

    /**
     * Returns the input of a full gate with demand: {@code minSlots} is 1, {@code maxSlots} is
     * {@link Integer#MAX_VALUE}, {@code inFlight} and {@code meanInFlight} are {@code limit}, {@code waiting} is 0, and
     * {@code limitReached} is true.
     *
     * @param cpu the sample
     * @param targetCpu the target, percent of the scope of {@code cpu}
     * @param limit the CPU limit, in slots
     * @return the input
     */
    public static StepInput of(CpuSample cpu, double targetCpu, int limit) {
        return new StepInput(cpu, targetCpu, limit, 1, Integer.MAX_VALUE, limit, limit, 0, true);
    }

    /**
     * Returns a copy with another sample and target, for a policy that asks another one about a part of the machine.
     *
     * @param sample the sample
     * @param percent the target, percent of the scope of {@code sample}
     * @return the copy
     */
    public StepInput withCpu(CpuSample sample, double percent) {
        return new StepInput(sample, percent, limit, minSlots, maxSlots, inFlight, meanInFlight, waiting, limitReached);
    }

    /**
     * Returns a copy with another lowest limit.
     *
     * @param slots the lowest limit, in slots
     * @return the copy
     */
    public StepInput withMinSlots(int slots) {
        return new StepInput(cpu, targetCpu, limit, slots, maxSlots, inFlight, meanInFlight, waiting, limitReached);
    }

    /**
     * Returns a copy with another highest limit.
     *
     * @param slots the highest limit, in slots
     * @return the copy
     */
    public StepInput withMaxSlots(int slots) {
        return new StepInput(cpu, targetCpu, limit, minSlots, slots, inFlight, meanInFlight, waiting, limitReached);
    }

    /**
     * Returns a copy with another number of slots held, now and on average: sets {@code inFlight} and
     * {@code meanInFlight}. To set the two apart, call {@link #withMeanInFlight} afterwards.
     *
     * @param slots slots held
     * @return the copy
     */
    public StepInput withInFlight(int slots) {
        return new StepInput(cpu, targetCpu, limit, minSlots, maxSlots, slots, slots, waiting, limitReached);
    }

    /**
     * Returns a copy with another mean of the slots held; {@code inFlight} stays.
     *
     * @param slots slots held on average since the last step that had a reading
     * @return the copy
     */
    public StepInput withMeanInFlight(double slots) {
        return new StepInput(cpu, targetCpu, limit, minSlots, maxSlots, inFlight, slots, waiting, limitReached);
    }

    /**
     * Returns a copy with another number of callers in line; {@code limitReached} stays.
     *
     * @param callers callers in line now
     * @return the copy
     */
    public StepInput withWaiting(int callers) {
        return new StepInput(cpu, targetCpu, limit, minSlots, maxSlots, inFlight, meanInFlight, callers, limitReached);
    }

    /**
     * Returns a copy with or without demand.
     *
     * @param reached whether callers ran into the limit since the last step that had a reading
     * @return the copy
     */
    public StepInput withLimitReached(boolean reached) {
        return new StepInput(cpu, targetCpu, limit, minSlots, maxSlots, inFlight, meanInFlight, waiting, reached);
    }

    /**
     * Returns the number of slots from which a cut is counted: the slots held now or on average, whichever is more, and
     * at most the limit. The average counts because there may be a gap between short sessions just now. If no slot is
     * held now, and less than one was on average, returns the limit, since sessions then use hardly any of the CPU.
     */
    int slotsInUse() {
        boolean isIdle = inFlight == 0 && meanInFlight < 1;
        return isIdle ? limit : Math.min(limit, Math.max(inFlight, (int) Math.ceil(meanInFlight)));
    }

    /**
     * Returns the decision to hold the limit.
     *
     * @param reason why
     * @return the decision
     */
    public Decision hold(Reason reason) {
        return new Decision(limit, reason);
    }

    /**
     * Returns the decision to move the limit. The sum does not overflow: it ends at the bounds of {@code int}.
     *
     * @param slots slots to add; negative to take away
     * @param reason why
     * @return the decision
     */
    public Decision moveBy(int slots, Reason reason) {
        return new Decision(
                (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, (long) limit + slots)), reason);
    }
}
