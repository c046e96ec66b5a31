package io.github.cpugate.sim;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.sim.FleetQueue.Delivery;
import io.github.cpugate.sim.FleetScenario.Machine;
import io.github.cpugate.sim.FleetScenario.Session;
import java.util.SplittableRandom;

/**
 * A machine of a fleet with a gate of its own. It asks the queue for a session whenever it has a slot; if the queue is
 * empty, once a second.
 */
final class FleetWorker {

    private static final double IDLE = 1; // seconds from poll to poll
    private static final int MOST_SLOTS = 4096; // never reached

    private final FleetScenario fleet;
    private final Machine machine;
    private final FleetQueue queue;
    private final FleetTally tally;
    private final Plant plant;
    private final Scenario settings;
    private final AdaptiveCpuGate gate;
    private final boolean steps;
    private boolean alive = true;
    private boolean idle;

    private double busy; // at the last look
    private double used;
    private double wanted;

    FleetWorker(
            FleetScenario fleet,
            Machine machine,
            FleetRule rule,
            FleetQueue queue,
            FleetTally tally,
            SplittableRandom random) {
        this.fleet = fleet;
        this.machine = machine;
        this.queue = queue;
        this.tally = tally;
        this.plant = new Plant(machine.cores(), 1, machine.strangers());
        this.settings = new Scenario("fleet").host(machine.cores(), MOST_SLOTS);
        int slots = rule.slots(fleet, machine);
        this.steps = slots == 0;
        this.gate = AdaptiveCpuGate.builder()
                .targetCpu(FleetScenario.TARGET)
                .minSlots(steps ? 1 : slots)
                .maxSlots(steps ? MOST_SLOTS : slots)
                .sampler(CpuSampler.smoothing(new Meter(settings, plant, random, 0), settings.alpha))
                .policy(rule.policy(fleet, machine, plant))
                .nanoClock(() -> Math.round(plant.now() * 1e9))
                .manual()
                .build();
        plant.at(settings.period * random.nextDouble(), this::step);
        plant.at(machine.diesAt(), this::die);
    }

    void advanceTo(double time) {
        if (alive) {
            plant.advanceTo(time);
        }
    }

    int cores() {
        return machine.cores();
    }

    boolean isAlive() {
        return alive;
    }

    void die() {
        alive = false;
        plant.kill(0);
    }

    private void step() {
        if (!alive) {
            return;
        }
        look();
        if (steps) {
            var unused = gate.step(); // the first one primes
        }
        pull();
        plant.at(plant.now() + settings.period, this::step);
    }

    /** Takes sessions until no slot is free: the gate then knows that there was demand for more. */
    private void pull() {
        while (pullOne()) {}
    }

    private boolean pullOne() {
        Slot slot = idle ? null : gate.trySlot().orElse(null);
        if (slot == null) {
            return false;
        }
        Delivery delivery = queue.poll(plant.now(), this::isAlive);
        if (delivery == null) {
            slot.close();
            idle = true;
            plant.at(plant.now() + IDLE, this::pullAgain);
            return false;
        }
        new Task(delivery, slot).begin();
        return true;
    }

    private void pullAgain() {
        idle = false;
        if (alive) {
            pull();
        }
    }

    /** A session in a slot: runs at its first token, and then at its end. */
    private final class Task implements Runnable {

        private final Delivery delivery;
        private final Slot slot;
        private final Session session;
        private final double began = plant.now();
        private boolean streams;

        Task(Delivery delivery, Slot slot) {
            this.delivery = delivery;
            this.slot = slot;
            this.session = fleet.session(delivery.session);
        }

        void begin() {
            plant.at(began + session.firstToken(), this);
        }

        @Override
        public void run() {
            if (streams) {
                queue.end(delivery, plant.now());
                tally.ended((plant.now() - began) / session.alone());
                slot.close();
                pullOne();
            } else if (alive) {
                streams = true;
                plant.run(0, session.demand(), session.answer(), this);
            }
        }
    }

    private void look() {
        double seconds = settings.period;
        double strangersGot = plant.busy() - busy - (plant.used(0) - used);
        if (queue.hasSessions() && plant.now() > seconds) {
            tally.saw(settings.percent(plant.busy() - busy, seconds), strangersGot, plant.wanted() - wanted);
        }
        busy = plant.busy();
        used = plant.used(0);
        wanted = plant.wanted();
    }
}
