package io.github.cpugate.internal.share;

import io.github.cpugate.internal.share.Peers.Peer;
import io.github.cpugate.policy.StepInput;
import java.util.List;

/** Measures what the sessions of one gate use, and what a slot costs. */
final class OwnUse {

    private static final double ALPHA = 0.4; // weight of a step in the smoothed value
    private static final double KEEP = 0.9; // weight of the past in the cost of a slot: ten steps
    private static final double FEW_SLOTS = 0.5; // slots in flight, summed over the past; below, a slot has no cost
    private static final int STILL_HUNGRY = 2; // steps after the last caller that had to wait

    private String scope = "";
    private double smoothed = Double.NaN;
    private double sumCpu; // weighted by age, as is sumSlots
    private double sumSlots;
    private int stepsSinceHungry = STILL_HUNGRY;

    /** Returns the state at this step, with the limit of before the step. */
    GateState next(StepInput seen, List<Peer> others) {
        if (!seen.cpu().scope().equals(scope)) {
            scope = seen.cpu().scope();
            smoothed = Double.NaN; // percent of another scope
            sumCpu = 0;
            sumSlots = 0;
        }
        double own = seen.cpu().own() * shareOfJvm(seen.meanInFlight(), others);
        smoothed = Double.isNaN(smoothed) ? own : smoothed + ALPHA * (own - smoothed);
        sumCpu = KEEP * sumCpu + (Double.isNaN(own) ? 0 : own);
        sumSlots = KEEP * sumSlots + seen.meanInFlight();
        stepsSinceHungry = seen.limitReached() && seen.limit() < seen.maxSlots() ? 0 : stepsSinceHungry + 1;
        double slotCost = Double.isNaN(own) || sumSlots < FEW_SLOTS ? 0 : sumCpu / sumSlots;
        return new GateState(
                        seen.targetCpu(),
                        own,
                        smoothed,
                        0,
                        slotCost,
                        seen.meanInFlight(),
                        seen.limit(),
                        stepsSinceHungry < STILL_HUNGRY,
                        false)
                .withLimit(seen.limit(), seen.minSlots());
    }

    /** The part of the JVM's CPU that counts as this gate's: by slots in flight, of all gates of the JVM. */
    private static double shareOfJvm(double inFlight, List<Peer> others) {
        double all = inFlight;
        int gates = 1;
        for (Peer other : others) {
            if (other.sameJvm()) {
                all += other.state().inFlight();
                gates++;
            }
        }
        return all > 0 ? inFlight / all : 1.0 / gates;
    }
}
