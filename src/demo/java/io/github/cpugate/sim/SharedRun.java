package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.internal.share.Sharing;
import io.github.cpugate.policy.StepPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * One run of a shared host: real gates, stepped by hand in phases of their own, in virtual time. The same seed gives
 * the same run.
 */
final class SharedRun {

    /** How the gates go about it. */
    enum Way {
        SHARED,
        UNSHARED,
        /** One gate does the work of all of them. */
        ONE_GATE
    }

    static final double TICK = 2; // seconds from one look at the plant to the next
    private static final double LATEST = 50_000; // seconds

    /** What the plant used since the last look, in percent, all in all and by gate. */
    record Tick(double at, double cpu, List<Use> gates) {}

    /** What a gate's sessions used, and whether callers waited throughout. */
    record Use(double cpu, boolean hungry) {}

    private final SharedScenario scenario;
    private final Way way;
    private final long seed;
    private final Supplier<StepPolicy> policies;
    private final SplittableRandom noise;
    private final Plant plant;
    private final Board board;
    private final List<Lane> lanes = new ArrayList<>();
    private final List<Tick> ticks = new ArrayList<>();
    final List<List<StepReport>> reports = new ArrayList<>(); // of each gate
    private double lastEnd;

    /** A gate of the scenario, or of several of them that one gate does the work of. */
    private final class Lane {

        private final int id;
        private final List<SharedScenario.Gate> specs;
        private final SplittableRandom sessions;
        private AdaptiveCpuGate gate;
        private int left;
        private boolean alive;
        private boolean hungry;

        Lane(int id, List<SharedScenario.Gate> specs) {
            this.id = id;
            this.specs = specs;
            this.sessions = new SplittableRandom(31 * seed + id);
            this.left = specs.stream().mapToInt(spec -> spec.work.sessions).sum();
            reports.add(new ArrayList<>());
            plant.at(specs.get(0).start, this::begin);
            for (SharedScenario.Gate spec : specs) {
                plant.at(spec.start, () -> arrive(spec.work));
            }
            if (specs.get(0).killedAt < LATEST) {
                plant.at(specs.get(0).killedAt, this::kill);
            }
        }

        private void begin() {
            alive = true;
            SharedScenario.Gate spec = specs.get(0);
            int[] owners = spec.jvm < 0 ? new int[] {id} : ownersOf(spec.jvm);
            StepPolicy policy = policies.get();
            if (way == Way.SHARED && spec.shares) {
                policy = new Sharing(policy, board.of(id, spec.jvm < 0 ? -1 - id : spec.jvm, spec.work.period));
            }
            gate = AdaptiveCpuGate.builder()
                    .name("gate " + id)
                    .targetCpu(spec.work.target)
                    .minSlots(spec.work.minSlots)
                    .maxSlots(spec.work.maxSlots)
                    .sampler(CpuSampler.smoothing(new Meter(spec.work, plant, noise, owners), spec.work.alpha))
                    .policy(policy)
                    .nanoClock(() -> Math.round(plant.now() * 1e9))
                    .manual()
                    .build();
            var unused = gate.step(); // primes
            stepIn(spec.work.period * (1 + 0.1 * sessions.nextDouble()));
        }

        private void stepIn(double seconds) {
            plant.at(plant.now() + seconds, () -> {
                if (!alive) {
                    return;
                }
                reports.get(id).add(gate.step());
                if (left > 0) {
                    stepIn(specs.get(0).work.period * (1 + 0.002 * noise.nextDouble()));
                } else {
                    alive = false;
                    board.of(id, 0, 0).close();
                    gate.close();
                }
            });
        }

        private void arrive(Scenario work) {
            for (int i = 0; i < work.sessions; i++) {
                double demand = work.demand * work.jittered(sessions);
                double length = work.length * work.jittered(sessions);
                if (work.burst == 0) {
                    session(work, demand, length);
                } else {
                    plant.at(plant.now() + i * work.apart / work.burst, () -> session(work, demand, length));
                }
            }
        }

        private void session(Scenario work, double demand, double length) {
            var unused = gate.slotAsync()
                    .thenAccept(slot -> plant.at(plant.now() + work.firstTokenFrom, () -> {
                        if (alive) {
                            plant.run(id, demand, length, () -> {
                                left--;
                                lastEnd = plant.now();
                                slot.close();
                            });
                        }
                    }));
        }

        private void kill() {
            alive = false;
            left = 0;
            plant.kill(id);
        }

        /** Whether callers wait, and waited at the last look. */
        private boolean look() {
            boolean now = alive && gate.snapshot().waiting() > 0;
            boolean throughout = now && hungry;
            hungry = now;
            return throughout;
        }
    }

    private SharedRun(SharedScenario scenario, Way way, Supplier<StepPolicy> policies, long seed) {
        this.scenario = scenario;
        this.way = way;
        this.seed = seed;
        this.policies = policies;
        this.noise = new SplittableRandom(seed);
        this.plant = new Plant(scenario.cores, scenario.gates.size(), scenario.background);
        this.board = new Board(plant::now);
        if (way == Way.ONE_GATE) {
            lanes.add(new Lane(0, scenario.gates));
        } else {
            for (int i = 0; i < scenario.gates.size(); i++) {
                lanes.add(new Lane(i, List.of(scenario.gates.get(i))));
            }
        }
        run();
    }

    static SharedRun of(SharedScenario scenario, Way way, Supplier<StepPolicy> policies, long seed) {
        return new SharedRun(scenario, way, policies, seed);
    }

    private int[] ownersOf(int jvm) {
        List<Integer> owners = new ArrayList<>();
        for (int i = 0; i < scenario.gates.size(); i++) {
            if (scenario.gates.get(i).jvm == jvm) {
                owners.add(i);
            }
        }
        return owners.stream().mapToInt(Integer::intValue).toArray();
    }

    private void run() {
        double busy = 0;
        double[] used = new double[lanes.size()];
        for (double t = TICK; t < LATEST && lanes.stream().anyMatch(lane -> lane.left > 0); t += TICK) {
            plant.advanceTo(t);
            List<Use> uses = new ArrayList<>();
            for (Lane lane : lanes) {
                uses.add(new Use(percent(plant.used(lane.id) - used[lane.id]), lane.look()));
                used[lane.id] = plant.used(lane.id);
            }
            ticks.add(new Tick(t, percent(plant.busy() - busy), uses));
            busy = plant.busy();
        }
    }

    private double percent(double coreSeconds) {
        return 100 * coreSeconds / TICK / scenario.cores;
    }

    List<Tick> ticks() {
        return ticks;
    }

    /** When the last session ended, in seconds. */
    double lastEnd() {
        return lastEnd;
    }

    /** Steps from a time until Jain's index of three ticks is at least 0.95 three times in a row. */
    double stepsToFairness(double from) {
        int inRow = 0;
        boolean any = false;
        for (int i = 0; i < ticks.size(); i++) {
            double jain = ticks.get(i).at > from ? jain(i, 3) : Double.NaN;
            if (!Double.isNaN(jain)) {
                any = true;
                inRow = jain >= 0.95 ? inRow + 1 : 0;
                if (inRow == 3) {
                    return (ticks.get(i).at - from) / TICK - 2;
                }
            }
        }
        return any ? Outcome.NEVER : Double.NaN;
    }

    /** Mean of Jain's index over five ticks, from 30 steps after a time on. */
    double jain(double from) {
        double sum = 0;
        int n = 0;
        for (int i = 0; i < ticks.size(); i++) {
            double jain = ticks.get(i).at > from + 30 * TICK ? jain(i, 5) : Double.NaN;
            if (!Double.isNaN(jain)) {
                sum += jain;
                n++;
            }
        }
        return n == 0 ? Double.NaN : sum / n;
    }

    /** Jain's index of CPU over some ticks, among the gates that had demand in all of them; NaN if there is one. */
    private double jain(int last, int length) {
        if (last < length - 1) {
            return Double.NaN;
        }
        List<Double> shares = new ArrayList<>();
        for (Lane lane : lanes) {
            double cpu = 0;
            boolean hungry = true;
            for (Tick tick : ticks.subList(last - length + 1, last + 1)) {
                cpu += tick.gates.get(lane.id).cpu;
                hungry &= tick.gates.get(lane.id).hungry;
            }
            if (hungry) {
                shares.add(cpu);
            }
        }
        return shares.size() < 2
                ? Double.NaN
                : Jain.index(shares.stream().mapToDouble(each -> each).toArray());
    }

    /** The share of the time, from 10 steps after the last start on while a gate has demand, in percent. */
    double share(Predicate<Tick> which) {
        long all = 0;
        long matching = 0;
        for (Tick tick : ticks) {
            if (tick.gates.stream().anyMatch(Use::hungry) && tick.at > scenario.lastStart() + 10 * TICK) {
                all++;
                matching += which.test(tick) ? 1 : 0;
            }
        }
        return 100.0 * matching / all;
    }

    /** Whole steps from a time until a step with the plant's CPU at 0.8 × target again, where the band begins. */
    double stepsToBand(double from, double target) {
        for (Tick tick : ticks) {
            if (tick.at > from + TICK && tick.cpu >= 0.8 * target) {
                return (tick.at - TICK - from) / TICK;
            }
        }
        return Outcome.NEVER;
    }
}
