package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSampler;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * One run of a scenario under a rule: real gates, stepped by hand, on a plant in virtual time. The same seed gives the
 * same run, and the same sessions to every rule.
 */
final class Simulation {

    private static final int SETTLE = 10; // steps from the first cost until the steady state is looked at
    private static final double NEAR = 8; // points
    private static final double LATEST = 100_000; // seconds

    /** One step, as the plant knows it: CPU of the host and of the sessions, percent, without noise and smoothing. */
    private record Step(double at, double cpu, double cost, double inFlight, int waiting) {}

    private final Scenario scenario;
    private final SplittableRandom noise;
    private final Plant plant;
    private final List<Lane> lanes = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final List<Double> stretches = new ArrayList<>();
    private double lastEnd;
    private double work; // core-seconds of the sessions

    /** One gate, its rule and its sessions. */
    private final class Lane {
        final int index;
        final Rule rule;
        final AdaptiveCpuGate gate;
        int left = scenario.sessions;
        double slots; // held on average, summed over steps in which every gate's line is busy

        Lane(int index, Rule rule, int minSlots, int maxSlots) {
            this.index = index;
            this.rule = rule;
            this.gate = AdaptiveCpuGate.builder()
                    .name(scenario.name + " " + index)
                    .targetCpu(scenario.target)
                    .minSlots(minSlots)
                    .maxSlots(maxSlots)
                    .sampler(CpuSampler.smoothing(new Meter(scenario, plant, noise, index), scenario.alpha))
                    .policy(rule.policy())
                    .nanoClock(() -> Math.round(plant.now() * 1e9))
                    .manual()
                    .build();
            rule.attach(gate, plant, scenario);
        }

        void arrive(double demand, double length, double firstToken) {
            CompletableFuture<Void> unused =
                    gate.slotAsync().thenAccept(slot -> admit(slot, demand, length, firstToken));
        }

        private void admit(Slot slot, double demand, double length, double firstToken) {
            double admitted = plant.now();
            Runnable end = () -> {
                lastEnd = plant.now();
                stretches.add((lastEnd - admitted) / (firstToken + length));
                work += demand * length;
                left--;
                rule.ended(gate, lastEnd - admitted);
                slot.close();
            };
            plant.at(admitted + firstToken, () -> plant.run(index, demand, length, end));
        }
    }

    private Simulation(Scenario scenario, long seed, Supplier<Rule> rules, int minSlots, int maxSlots) {
        this.scenario = scenario;
        this.noise = new SplittableRandom(seed);
        this.plant = new Plant(scenario.cores, scenario.gates, scenario.background);
        for (int i = 0; i < scenario.gates; i++) {
            lanes.add(new Lane(i, rules.get(), minSlots, maxSlots));
        }
        run(new SplittableRandom(-seed));
    }

    /** Runs the scenario under a rule. */
    static Simulation of(Scenario scenario, long seed, Rules rule) {
        return new Simulation(scenario, seed, rule::make, scenario.minSlots, scenario.maxSlots);
    }

    /** Runs the scenario with a constant number of slots. */
    static Simulation fixed(Scenario scenario, long seed, int slots) {
        return new Simulation(scenario, seed, () -> new Rule() {}, slots, slots);
    }

    private void run(SplittableRandom sessions) {
        for (int i = 0; i < scenario.sessions; i++) {
            for (Lane lane : lanes) {
                double demand = scenario.demand * scenario.costs.applyAsDouble(i) * scenario.jittered(sessions);
                double length = scenario.length * scenario.jittered(sessions);
                double firstToken =
                        Scenario.between(scenario.firstTokenFrom, scenario.firstTokenTo, sessions.nextDouble());
                plant.at(arrival(i, sessions.nextDouble()), () -> lane.arrive(demand, length, firstToken));
            }
        }
        for (Lane lane : lanes) {
            var unused = lane.gate.step(); // primes
        }
        while (plant.now() < LATEST && lanes.stream().anyMatch(lane -> lane.left > 0)) {
            step();
        }
        lanes.forEach(lane -> lane.gate.close());
    }

    private void step() {
        double busy = plant.busy();
        double used = used();
        plant.advanceTo(plant.now() + scenario.period);
        boolean allWait = lanes.stream().allMatch(lane -> lane.gate.snapshot().waiting() > 0);
        int waiting = 0;
        double inFlight = 0;
        for (Lane lane : lanes) {
            StepReport made = lane.gate.step();
            waiting += made.waiting();
            inFlight += made.meanInFlight();
            lane.slots += allWait ? made.meanInFlight() : 0;
        }
        steps.add(new Step(
                plant.now(),
                scenario.percent(plant.busy() - busy, scenario.period),
                scenario.percent(used() - used, scenario.period),
                inFlight,
                waiting));
    }

    private double arrival(int session, double random) {
        if (scenario.steady) {
            return (session + random) * scenario.apart / scenario.burst;
        }
        return scenario.burst == 0 ? 0 : Math.floorDiv(session, scenario.burst) * scenario.apart;
    }

    private double used() {
        return lanes.stream().mapToDouble(lane -> plant.used(lane.index)).sum();
    }

    /** Mean CPU while steady; {@code NaN} if it never was. */
    double meanCpu() {
        return steady().stream().mapToDouble(Step::cpu).average().orElse(Double.NaN);
    }

    /** What became of it; arrival is measured by what the oracle did. */
    Outcome outcome(Simulation oracle) {
        List<Step> steady = steady();
        double mean = meanCpu();
        double variance = steady.stream()
                .mapToDouble(step -> (step.cpu - mean) * (step.cpu - mean))
                .average()
                .orElse(Double.NaN);
        double[] sorted =
                stretches.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Outcome(
                steady.stream().mapToDouble(Step::inFlight).average().orElse(Double.NaN),
                lastEnd,
                lastEnd / workBound(),
                mean,
                Math.sqrt(variance),
                share(steady, step -> Math.abs(step.cpu - scenario.target) <= 8),
                share(loaded(0), step -> step.cpu > scenario.target + 10),
                arrival(oracle),
                sorted[(int) Math.ceil(sorted.length * 0.95) - 1],
                Jain.index(lanes.stream().mapToDouble(lane -> lane.slots).toArray()));
    }

    /** The least time in which the work can be done at the target, beside the background as it was on average. */
    private double workBound() {
        double background = (plant.busy() - used()) / plant.now();
        return work / (scenario.cores * scenario.target / 100 - background);
    }

    private int firstCost() {
        int step = 0;
        while (step < steps.size() && steps.get(step).cost == 0) {
            step++;
        }
        return step;
    }

    private List<Step> steady() {
        return loaded(SETTLE);
    }

    private List<Step> loaded(int stepsAfterFirstCost) {
        Predicate<Step> busy = scenario.steady ? step -> step.at <= scenario.lastArrival() : step -> step.waiting > 0;
        return steps.stream()
                .skip(firstCost() + stepsAfterFirstCost)
                .filter(busy)
                .toList();
    }

    /**
     * CPU is near the oracle's if it is so beside the same step of the oracle's run, or beside its mean. Where a
     * session costs only after some time, CPU goes up and down for all: there, so many slots do as come to as much.
     */
    private int arrival(Simulation oracle) {
        double level = oracle.meanCpu();
        int near = 0;
        for (int i = firstCost(); i < steps.size() && i < oracle.steps.size(); i++) {
            Step mine = steps.get(i);
            Step theirs = oracle.steps.get(i);
            boolean bySlots = scenario.firstTokenTo > 0
                    && Math.abs(mine.inFlight - theirs.inFlight) <= theirs.inFlight * NEAR / level;
            boolean byCpu = Math.abs(mine.cpu - theirs.cpu) <= NEAR || Math.abs(mine.cpu - level) <= NEAR;
            near = byCpu || bySlots ? near + 1 : 0;
            if (near == 3) {
                return i - 2 - firstCost();
            }
        }
        return Outcome.NEVER;
    }

    private static double share(List<Step> of, Predicate<Step> which) {
        return of.isEmpty() ? Double.NaN : 100.0 * of.stream().filter(which).count() / of.size();
    }
}
