package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import java.util.SplittableRandom;

/**
 * The rule by which Temporal's resource-based slot supplier admits, ported from what is published of temporal-sdk
 * 1.38.0: above the least number, one slot at a time, not sooner than the ramp after the last one, and only if a PID
 * controller on CPU says so. CPU is of the last 100 ms, with so much more noise than over a period; gains are 5, 0 and
 * 1; the output has to exceed 0.05. Its time is in whole seconds, so the differential acts once a second.
 */
final class PidRule implements Rule {

    private static final double POLL = 0.05; // seconds
    private static final double GAIN = 5;
    private static final double DIFFERENTIAL_GAIN = 1;
    private static final double THRESHOLD = 0.05;

    private final double ramp;
    private final SplittableRandom noise = new SplittableRandom(1);
    private AdaptiveCpuGate gate;
    private Plant plant;
    private Scenario scenario;
    private double lastIssued = Double.NEGATIVE_INFINITY;
    private double readAt;
    private double busyThen;
    private double cpu; // a fraction
    private double lastSecond;
    private double lastError;

    PidRule(double ramp) {
        this.ramp = ramp;
    }

    @Override
    public void attach(AdaptiveCpuGate gate, Plant plant, Scenario scenario) {
        this.gate = gate;
        this.plant = plant;
        this.scenario = scenario;
        gate.setSlots(scenario.minSlots, scenario.minSlots);
        poll();
    }

    /** A slot given back is not handed on: whoever wants it has to be allowed anew. */
    @Override
    public void ended(AdaptiveCpuGate gate, double seconds) {
        set(gate.snapshot().inFlight() - 1);
    }

    private void poll() {
        read();
        int inFlight = gate.snapshot().inFlight();
        boolean rampIsOver = plant.now() - lastIssued >= ramp;
        if (gate.snapshot().waiting() > 0 && rampIsOver && inFlight < scenario.maxSlots && output() > THRESHOLD) {
            lastIssued = plant.now();
            set(inFlight + 1);
        }
        plant.at(plant.now() + POLL, this::poll);
    }

    private void read() {
        if (plant.now() - readAt >= 2 * POLL - 1e-9) {
            double exact = (plant.busy() - busyThen) / (plant.now() - readAt) / scenario.cores;
            cpu = Math.max(0, Math.min(1, exact + noise.nextDouble(-1, 1) * spread()));
            readAt = plant.now();
            busyThen = plant.busy();
        }
    }

    /** Of uniform noise, as a fraction; its variance is in inverse proportion to what a reading spans. */
    private double spread() {
        return Math.sqrt(3) * scenario.noise / 100 * Math.sqrt(scenario.period / (2 * POLL));
    }

    private double output() {
        double error = scenario.target / 100 - cpu;
        double second = Math.floor(plant.now());
        double differential = second > lastSecond ? (error - lastError) / (second - lastSecond) : 0;
        lastSecond = second;
        lastError = error;
        return GAIN * error + DIFFERENTIAL_GAIN * differential;
    }

    private void set(int slots) {
        int bounded = Math.max(scenario.minSlots, Math.min(scenario.maxSlots, slots));
        gate.setSlots(bounded, bounded);
    }
}
