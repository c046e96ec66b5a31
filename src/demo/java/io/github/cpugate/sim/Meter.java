package io.github.cpugate.sim;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSource;
import java.util.SplittableRandom;

/** What a gate's sensor sees of the plant, with its noise. */
final class Meter implements CpuSource {

    private final Scenario scenario;
    private final Plant plant;
    private final int[] owners;
    private final SplittableRandom noise;
    private double readAt = Double.NaN;
    private double busyThen;
    private double ownThen;

    /** Of the plant's owners, these are the gate's process. */
    Meter(Scenario scenario, Plant plant, SplittableRandom noise, int... owners) {
        this.scenario = scenario;
        this.plant = plant;
        this.owners = owners.clone();
        this.noise = noise;
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        double span = plant.now() - readAt;
        double busy = scenario.percent(plant.busy() - busyThen, span);
        double own = scenario.percent(used() - ownThen, span);
        readAt = plant.now();
        busyThen = plant.busy();
        ownThen = used();
        if (Double.isNaN(span)) {
            return CpuReading.of(Double.NaN); // primes
        }
        double seen = Math.max(0, Math.min(100, busy + scenario.noise * deviate()));
        return new CpuReading(seen, ownShare(busy, own), Math.round(span * 1e9), CpuReading.HOST, scenario.cores);
    }

    private double used() {
        double used = 0;
        for (int owner : owners) {
            used += plant.used(owner);
        }
        return used;
    }

    private double ownShare(double busy, double sessions) {
        if (!scenario.ownKnown) {
            return Double.NaN;
        }
        return scenario.backgroundIsOwn ? busy : (1 - scenario.children) * sessions;
    }

    /** Normal, as nearly as twelve uniform ones make it: by arithmetic alone, so the same on any platform. */
    private double deviate() {
        double sum = -6;
        for (int i = 0; i < 12; i++) {
            sum += noise.nextDouble();
        }
        return sum;
    }
}
