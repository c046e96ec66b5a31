package io.github.cpugate.policy;

import io.github.cpugate.cpu.CpuSample;

/**
 * Moves the limit, in a few steps and on a machine of any size, to the number of slots that fit into the target.
 *
 * <p>{@link Climb} grows on a prediction until CPU is near the target, and {@link IntegralControl} keeps it there. This
 * class gives them readings that they can rely on: it skips a few readings without own CPU, and converts what has been
 * learned when the scope of the readings changes.
 *
 * <p>The limit grows only with demand, as in {@link OneSlotPolicy}. Stateful: one instance serves one gate.
 */
final class HeadroomPolicy implements StepPolicy {

    private static final int MAX_ODD_STEPS = 3; // without own CPU, before all CPU counts as own

    private final SlotCost model = new SlotCost();
    private final Climb climb = new Climb(model);
    private final IntegralControl control = new IntegralControl(model);
    private boolean climbing = true;
    private int limit; // after the last step; 0: there was none

    private String scope = "";
    private double cores = Double.NaN;
    private boolean ownKnown;
    private int oddSteps; // in a row

    @Override
    public Decision decide(StepInput seen) {
        control.limitMovedBy(
                limit == 0 ? 0 : seen.limit() - limit); // by setSlots, or by another policy around this one
        Decision decision = next(seen);
        limit = Math.max(seen.minSlots(), Math.min(seen.maxSlots(), decision.limit()));
        return decision;
    }

    private Decision next(StepInput seen) {
        if (isOdd(seen.cpu())) {
            return seen.hold(Reason.SETTLING);
        }
        followScope(seen.cpu());
        double cpu = seen.cpu().raw();
        double own = ownKnown ? seen.cpu().own() : cpu;
        if (climbing && cpu > seen.targetCpu() && seen.limit() <= seen.minSlots()) {
            return seen.hold(Reason.AT_FLOOR); // the JVM may still be starting, and that is no cost of slots
        }
        model.learn(seen.meanInFlight(), own);
        if (seen.meanInFlight() <= 0) {
            return seen.hold(seen.limitReached() ? Reason.SETTLING : Reason.NO_DEMAND);
        }
        int next = climbing ? climb(seen, cpu, own) : control.nextLimit(seen, cpu, own);
        if (next > seen.limit()) {
            return seen.limitReached() ? new Decision(next, Reason.HEADROOM) : seen.hold(Reason.NO_DEMAND);
        }
        return next < seen.limit() ? new Decision(next, Reason.OVER_TARGET) : seen.hold(whyHeld(seen));
    }

    private int climb(StepInput seen, double cpu, double own) {
        int next = climb.nextLimit(seen, cpu, own, ownKnown);
        climbing = !climb.hasArrived();
        if (!climbing) {
            control.start(seen, climb.slots(), climb.cost(), cpu, own);
        }
        return next;
    }

    private Reason whyHeld(StepInput seen) {
        double cpu = seen.cpu().raw();
        boolean isOver = cpu > seen.targetCpu();
        if (isOver && seen.limit() <= seen.minSlots()) {
            return Reason.AT_FLOOR;
        }
        if (isOver && seen.inFlight() > seen.limit()) {
            return Reason.DRAINING;
        }
        boolean hasRoom = cpu < OneSlotPolicy.GROW_BELOW * seen.targetCpu();
        if (hasRoom && seen.limitReached() && seen.limit() >= seen.maxSlots()) {
            return Reason.AT_CEILING;
        }
        return climbing ? Reason.SETTLING : Reason.IN_BAND;
    }

    private boolean isOdd(CpuSample cpu) {
        oddSteps = ownKnown && Double.isNaN(cpu.own()) ? oddSteps + 1 : 0;
        ownKnown = !Double.isNaN(cpu.own()) || (oddSteps > 0 && oddSteps <= MAX_ODD_STEPS);
        return oddSteps > 0 && ownKnown;
    }

    private void followScope(CpuSample cpu) {
        if (!cpu.scope().equals(scope)) {
            double ratio = cores > 0 && cpu.cores() > 0 ? cores / cpu.cores() : 1;
            model.scale(ratio); // the same work is another percentage
            control.scale(ratio);
        }
        scope = cpu.scope();
        cores = cpu.cores();
    }

    @Override
    public String toString() {
        return "headroom";
    }
}
