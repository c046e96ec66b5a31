package io.github.cpugate.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** A host that several gates use, each in its own way. Times are in seconds. */
final class SharedScenario {

    /** When a gate comes and goes, and what it runs: the work, the bounds and the settings of a {@link Scenario}. */
    static final class Gate {

        final Scenario work;
        final double start;
        double killedAt = Double.POSITIVE_INFINITY;
        int jvm = -1; // gates of one process have the same number
        boolean shares = true;

        private Gate(Scenario work, double start) {
            this.work = work;
            this.start = start;
        }
    }

    final String name;
    final int cores;
    final List<Gate> gates = new ArrayList<>();
    DoubleUnaryOperator background = second -> 0;

    // Bounds of the worst of all seeds.
    double maxStepsOneSlot;
    double maxStepsHeadroom;
    double minJain;
    double maxOver; // percent of the time
    double minInBandOneSlot; // percent of the time
    double minInBandHeadroom;
    double maxBatch = 1.05; // over one gate's

    SharedScenario(String name, int cores) {
        this.name = name;
        this.cores = cores;
    }

    /** Adds a gate that starts at {@code start} and has all of its sessions then. */
    SharedScenario gate(double start, int sessions, double demand, double length) {
        Scenario work = new Scenario(name).host(cores, 4096).sessions(sessions, demand, length);
        work.minSlots = 1;
        gates.add(new Gate(work, start));
        return this;
    }

    /** Adds gates of equal work, one after the other. */
    SharedScenario gates(int number, double apart, int sessions, double demand, double length) {
        for (int i = 0; i < number; i++) {
            gate(i * apart, sessions, demand, length);
        }
        return this;
    }

    /** The gate that was added last. */
    Gate last() {
        return gates.get(gates.size() - 1);
    }

    SharedScenario killedAt(double second) {
        last().killedAt = second;
        return this;
    }

    SharedScenario background(DoubleUnaryOperator coresAtSecond) {
        this.background = coresAtSecond;
        return this;
    }

    SharedScenario bounds(double maxStepsOneSlot, double maxStepsHeadroom, double minJain, double maxOver) {
        this.maxStepsOneSlot = maxStepsOneSlot;
        this.maxStepsHeadroom = maxStepsHeadroom;
        this.minJain = minJain;
        this.maxOver = maxOver;
        return this;
    }

    SharedScenario inBand(double minOneSlot, double minHeadroom) {
        this.minInBandOneSlot = minOneSlot;
        this.minInBandHeadroom = minHeadroom;
        return this;
    }

    SharedScenario batch(double max) {
        this.maxBatch = max;
        return this;
    }

    double lastStart() {
        return gates.stream().mapToDouble(gate -> gate.start).max().orElseThrow();
    }
}
