package io.github.cpugate.sim;

import com.netflix.concurrency.limits.Limit;
import io.github.cpugate.AdaptiveCpuGate;

/** One of Netflix's limits, their released class: it goes by how long sessions take, and does not see CPU. */
final class LatencyRule implements Rule {

    /** Makes a limit for a scenario and its highest number of slots. */
    interface Maker {
        Limit make(Scenario scenario, int maxSlots);
    }

    private final Maker maker;
    private Limit limit;
    private Scenario scenario;

    LatencyRule(Maker maker) {
        this.maker = maker;
    }

    @Override
    public void attach(AdaptiveCpuGate gate, Plant plant, Scenario scenario) {
        this.scenario = scenario;
        this.limit = maker.make(scenario, scenario.maxSlots);
        set(gate);
    }

    @Override
    public void ended(AdaptiveCpuGate gate, double seconds) {
        limit.onSample(0, (long) (seconds * 1e9), gate.snapshot().inFlight(), false);
        set(gate);
    }

    private void set(AdaptiveCpuGate gate) {
        int slots = Math.max(scenario.minSlots, Math.min(scenario.maxSlots, limit.getLimit()));
        gate.setSlots(slots, slots);
    }
}
