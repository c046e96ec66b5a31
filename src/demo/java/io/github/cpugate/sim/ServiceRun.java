package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSampler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/**
 * One run of a batch whose requests a service may refuse: a real gate, stepped by hand, on a plant in virtual time. The
 * same seed gives the same run, and the same sessions to every rule and to every service.
 */
final class ServiceRun {

    private static final double LATEST = 100_000; // seconds

    /** What a session does that is refused, until it is time to ask again. */
    enum Manners {
        /** Tells the gate, and gives its slot to others. */
        TELLS("tells the gate, and pauses"),
        /** Gives its slot to others. */
        PAUSES("pauses, and does not tell"),
        /** Keeps its slot. */
        WAITS("waits in its slot");

        final String label;

        Manners(String label) {
            this.label = label;
        }
    }

    /** One step; requests are those since the last one, running is a mean over time. */
    record Step(double at, int cpuLimit, int allowed, int waiting, double running, int sent, int refused) {}

    private final Scenario scenario;
    private final Service service;
    private final Manners manners;
    private final Plant plant;
    private final AdaptiveCpuGate gate;
    final List<Step> steps = new ArrayList<>();
    private final List<Session> sessions = new ArrayList<>();
    private int left;
    private double lastEnd;

    // At the service.
    private int running;
    private double runningSeconds; // integrated over time
    private double countedAt;
    private int sent;
    private int refused;

    private final class Session {
        final double demand;
        final double length;
        final double delay; // from the slot to the service, and back from it with a refusal
        int refusals;

        Session(SplittableRandom random) {
            this.demand = scenario.demand * scenario.jittered(random);
            this.length = scenario.length * scenario.jittered(random);
            this.delay = Scenario.between(0.02, 0.2, random.nextDouble());
        }

        void send(Slot slot) {
            plant.at(plant.now() + delay, () -> arrive(slot));
        }

        private void arrive(Slot slot) {
            sent++;
            if (service.takes(plant.now(), running)) {
                count(+1);
                plant.run(0, demand, length, () -> end(slot));
            } else {
                refused++;
                refusals++;
                plant.at(plant.now() + delay, () -> refused(slot));
            }
        }

        private void refused(Slot slot) {
            double again = plant.now() + service.retryAfter() + 1e-6; // not too soon by a clock of whole nanoseconds
            if (manners == Manners.WAITS) {
                plant.at(again, () -> send(slot));
                return;
            }
            if (manners == Manners.TELLS) {
                slot.rateLimited(Duration.ofNanos(Math.round(service.retryAfter() * 1e9)));
            }
            slot.pause();
            plant.at(again, () -> resume(slot));
        }

        private void resume(Slot slot) {
            CompletableFuture<Void> unused = slot.resumeAsync().thenAccept(this::send);
        }

        private void end(Slot slot) {
            count(-1);
            lastEnd = plant.now();
            left--;
            slot.close();
        }
    }

    ServiceRun(Scenario scenario, Service service, Rules rule, Manners manners, long seed) {
        this.scenario = scenario;
        this.service = service;
        this.manners = manners;
        this.left = scenario.sessions;
        this.plant = new Plant(scenario.cores, 1, scenario.background);
        this.gate = AdaptiveCpuGate.builder()
                .name(scenario.name)
                .targetCpu(scenario.target)
                .minSlots(scenario.minSlots)
                .maxSlots(scenario.maxSlots)
                .sampler(
                        CpuSampler.smoothing(new Meter(scenario, plant, new SplittableRandom(seed), 0), scenario.alpha))
                .policy(rule.make().policy())
                .nanoClock(() -> Math.round(plant.now() * 1e9))
                .manual()
                .build();
        run(new SplittableRandom(-seed));
    }

    private void run(SplittableRandom random) {
        for (int i = 0; i < scenario.sessions; i++) {
            Session session = new Session(random);
            sessions.add(session);
            CompletableFuture<Void> unused = gate.slotAsync().thenAccept(session::send);
        }
        var unused = gate.step(); // primes
        while (plant.now() < LATEST && left > 0) {
            step();
        }
        gate.close();
    }

    private void step() {
        double seconds = runningSeconds;
        int sentBefore = sent;
        int refusedBefore = refused;
        plant.advanceTo(plant.now() + scenario.period);
        count(0);
        StepReport made = gate.step();
        steps.add(new Step(
                plant.now(),
                made.cpuLimit(),
                made.limitAfter(),
                made.waiting(),
                (runningSeconds - seconds) / scenario.period,
                sent - sentBefore,
                refused - refusedBefore));
    }

    private void count(int more) {
        runningSeconds += running * (plant.now() - countedAt);
        countedAt = plant.now();
        running += more;
    }

    /** Seconds until the last session has ended; none that has not. */
    double seconds() {
        return left == 0 ? lastEnd : Double.NaN;
    }

    /** How often each session was refused, in order. */
    int[] refusals() {
        return sessions.stream().mapToInt(session -> session.refusals).sorted().toArray();
    }

    int sent() {
        return sent;
    }

    int refused() {
        return refused;
    }
}
