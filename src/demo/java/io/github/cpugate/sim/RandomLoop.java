package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.cpu.CpuSource;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A real gate on a {@link RandomPlant}, stepped 420 times in virtual time, with as many callers as it admits. The same
 * plant and policy give the same run.
 */
final class RandomLoop {

    static final double TARGET = 70;
    private static final int STEPS = 420;
    private static final int SETTLED = 120; // steps after which a run is measured
    private static final int CHANGE = 200; // the step at which the plant changes
    private static final int PARTS = 20; // of a step
    private static final int MIN_SLOTS = 2;
    private static final int MAX_SLOTS = 4000;

    /**
     * What became of a run, measured from step 120.
     *
     * @param mean CPU, percent
     * @param swing standard deviation of CPU from step to step, points
     * @param inBand share of the steps with CPU at the target ± 8 points, percent
     * @param over share of the steps with CPU above the target + 10 points, percent
     * @param work of the sessions, in core-seconds of the cost before the change
     */
    record Result(double mean, double swing, double inBand, double over, double work) {}

    /** A session that streams, or waits for its first token. */
    private static final class Session {
        final Slot slot;
        final double firstToken; // seconds
        double left; // seconds of its answer

        Session(Slot slot, double left, double firstToken) {
            this.slot = slot;
            this.left = left;
            this.firstToken = firstToken;
        }
    }

    private final RandomPlant plant;
    private final boolean ownKnown;
    private final Random random;
    private final List<Session> sessions = new ArrayList<>();
    private final double[] cpu = new double[STEPS];
    private double now; // seconds
    private double work;
    private CpuReading reading = CpuReading.of(Double.NaN);

    private RandomLoop(RandomPlant plant, boolean ownKnown) {
        this.plant = plant;
        this.ownKnown = ownKnown;
        this.random = new Random(plant.seed);
    }

    /** Runs a gate with the policy, which learns the JVM's own CPU or not. */
    static Result run(RandomPlant plant, StepPolicy policy, boolean ownKnown) {
        RandomLoop loop = new RandomLoop(plant, ownKnown);
        loop.run(policy);
        return loop.result();
    }

    /**
     * Runs with the best constant number of slots, whose mean CPU is at most the target. It knows the change in the
     * cost, and follows it at once.
     */
    static Result oracle(RandomPlant plant) {
        double low = MIN_SLOTS;
        double high = 1.6 * plant.cores / plant.demand * (1 + plant.firstToken / plant.length) + 4;
        Result best = run(plant, constant(plant, low), true);
        for (int i = 0; i < 12; i++) {
            double middle = (low + high) / 2;
            Result result = run(plant, constant(plant, middle), true);
            if (result.mean <= TARGET) {
                low = middle;
                best = result;
            } else {
                high = middle;
            }
        }
        return best;
    }

    private static StepPolicy constant(RandomPlant plant, double slots) {
        int[] steps = {0};
        return seen -> {
            double factor = plant.demandFactor(++steps[0] >= CHANGE);
            return new Decision(Math.max(MIN_SLOTS, (int) Math.round(slots / factor)), Reason.IN_BAND);
        };
    }

    private void run(StepPolicy policy) {
        CpuSource source = new CpuSource() {
            @Override
            public double read() {
                return reading.percent();
            }

            @Override
            public CpuReading reading() {
                return reading;
            }
        };
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .sampler(CpuSampler.smoothing(source, plant.alpha))
                .targetCpu(TARGET)
                .minSlots(MIN_SLOTS)
                .maxSlots(MAX_SLOTS)
                .policy(policy)
                .nanoClock(() -> (long) (now * 1e9))
                .manual()
                .build()) {
            for (int step = 0; step < STEPS; step++) {
                step(gate, step);
            }
        }
    }

    private void step(AdaptiveCpuGate gate, int step) {
        boolean changed = step >= CHANGE;
        double others = plant.backgroundAt(now);
        double own = plant.base + (plant.spike > 0 && random.nextInt(4) == 0 ? plant.spike : 0);
        double busySum = 0;
        double ownSum = 0;
        for (int part = 0; part < PARTS; part++) {
            admit(gate, changed);
            double demand = 0;
            for (Session each : sessions) {
                if (now >= each.firstToken) {
                    demand += plant.demand * plant.demandFactor(changed);
                }
            }
            double all = demand + others + own;
            double share = all <= plant.cores ? 1 : plant.cores / all; // of what each asks for
            busySum += Math.min(all, plant.cores);
            ownSum += ((plant.inChildProcesses ? 0.1 * demand : demand) + own) * share;
            double seconds = plant.period / PARTS;
            now += seconds;
            if (step >= SETTLED) {
                work += demand * share * seconds / plant.demandFactor(changed);
            }
            stream(seconds * share);
        }
        cpu[step] = 100 * busySum / PARTS / plant.cores;
        reading = new CpuReading(
                percent(cpu[step] + plant.noise * random.nextGaussian()),
                ownKnown ? percent(100 * ownSum / PARTS / plant.cores) : Double.NaN,
                (long) (plant.period * 1e9),
                CpuReading.HOST,
                plant.cores);
        gate.step();
    }

    private static double percent(double value) {
        return Math.max(0, Math.min(100, value));
    }

    private void admit(AdaptiveCpuGate gate, boolean changed) {
        Optional<Slot> slot = gate.trySlot();
        while (slot.isPresent()) {
            double length = plant.drawLength(random);
            sessions.add(new Session(slot.get(), length, now + plant.drawFirstToken(random, changed)));
            slot = gate.trySlot();
        }
    }

    /**
     * Streams for that time, in seconds of a session that gets what it asks for. The order is kept by moving the last.
     */
    private void stream(double seconds) {
        for (int i = sessions.size() - 1; i >= 0; i--) {
            Session each = sessions.get(i);
            if (now > each.firstToken) {
                each.left -= seconds;
                if (each.left <= 0) {
                    each.slot.close();
                    sessions.set(i, sessions.get(sessions.size() - 1));
                    sessions.remove(sessions.size() - 1);
                }
            }
        }
    }

    private Result result() {
        double sum = 0;
        double squares = 0;
        int inBand = 0;
        int over = 0;
        for (int step = SETTLED; step < STEPS; step++) {
            sum += cpu[step];
            squares += cpu[step] * cpu[step];
            inBand += Math.abs(cpu[step] - TARGET) <= 8 ? 1 : 0;
            over += cpu[step] > TARGET + 10 ? 1 : 0;
        }
        int steps = STEPS - SETTLED;
        double mean = sum / steps;
        return new Result(
                mean,
                Math.sqrt(Math.max(0, squares / steps - mean * mean)),
                100.0 * inBand / steps,
                100.0 * over / steps,
                work);
    }
}
