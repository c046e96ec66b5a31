package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.cpu.CpuSource;
import io.github.cpugate.policy.StepPolicy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A closed loop in virtual time: sessions that each use half a percent of a host of four cores, from a dead time after
 * they were admitted until they end. Readings can be made odd, and the dead time can drift.
 */
final class ManySlots {

    static final double CORES = 4;
    static final int SEEDS = 2;
    private static final int DRIFT_STARTS = 400;
    private static final double PER_SLOT = 0.5; // percent
    private static final long PERIOD_NANOS = 2_000_000_000L;

    private final int sessionSteps; // on average
    private final IntToDoubleFunction deadSteps; // by step; the fraction is the share of sessions with one step more
    private final Random random;
    private final Deque<Session> sessions = new ArrayDeque<>();
    private int step;

    private record Session(Slot slot, int admitted, int ends, double place) {}

    ManySlots(int sessionSteps, IntToDoubleFunction deadSteps, long seed) {
        this.sessionSteps = sessionSteps;
        this.deadSteps = deadSteps;
        this.random = new Random(seed);
    }

    /** Decides on the reading of a step, given the one that is right. */
    interface Distortion {
        CpuReading apply(int step, CpuReading right);

        static Distortion at(IntPredicate steps, UnaryOperator<CpuReading> distort) {
            return (step, right) -> steps.test(step) ? distort.apply(right) : right;
        }
    }

    /** The dead time, in steps, that changes from step 400 on, at once or evenly over some steps. */
    static IntToDoubleFunction drift(int from, int to, int steps) {
        return step -> step < DRIFT_STARTS
                ? from
                : step >= DRIFT_STARTS + steps ? to : from + (to - from) * (double) (step - DRIFT_STARTS) / steps;
    }

    /** Returns the share of the steps with CPU above 80 % after a drift, from 60 steps after its end on, in percent. */
    static double percentOverAfterDrift(Supplier<StepPolicy> policy, int from, int to, int steps, int sessionSteps) {
        double sum = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            sum += new ManySlots(sessionSteps, drift(from, to, steps), seed)
                    .percentOver(policy.get(), (step, right) -> right, DRIFT_STARTS + steps + 60, 1000);
        }
        return sum / SEEDS;
    }

    /** Returns the share of the steps from one to another with CPU above 80 %, in percent. */
    double percentOver(StepPolicy policy, Distortion distortion, int from, int to) {
        CpuReading[] reading = new CpuReading[1];
        CpuSource source = new CpuSource() {
            @Override
            public double read() {
                return reading[0].percent();
            }

            @Override
            public CpuReading reading() {
                return reading[0];
            }
        };
        int over = 0;
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(1000)
                .nanoClock(() -> step * PERIOD_NANOS)
                .policy(policy)
                .sampler(CpuSampler.smoothing(source, 0.3))
                .build()) {
            for (step = 0; step < to; step++) {
                endAndAdmit(gate);
                double own = Math.min(99, PER_SLOT * working());
                double cpu = Math.min(100, own + 1 + random.nextDouble());
                reading[0] = distortion.apply(step, new CpuReading(cpu, own, PERIOD_NANOS, CpuReading.HOST, CORES));
                gate.step();
                over += step >= from && own + 1.5 > 80 ? 1 : 0;
            }
            sessions.forEach(each -> each.slot.close());
        }
        return 100.0 * over / (to - from);
    }

    private void endAndAdmit(AdaptiveCpuGate gate) {
        sessions.removeIf(each -> {
            boolean ends = step >= each.ends;
            if (ends) {
                each.slot.close();
            }
            return ends;
        });
        Optional<Slot> slot = gate.trySlot();
        while (slot.isPresent()) {
            int steps = sessionSteps + random.nextInt(5) - 2;
            sessions.add(new Session(slot.get(), step, step + steps, random.nextDouble()));
            slot = gate.trySlot();
        }
    }

    private long working() {
        double dead = deadSteps.applyAsDouble(step);
        return sessions.stream()
                .filter(each -> step - each.admitted >= Math.floor(dead + 0.999 * each.place))
                .count();
    }
}
