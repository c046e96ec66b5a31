package io.github.cpugate.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/** One run of a fleet under a rule: real gates in virtual time. The same scenario gives the same run. */
final class FleetRun {

    private static final double LATEST = 100_000; // seconds

    // Seconds for which a worker runs, and then the next one. Long turns find more in the processor's cache, but a
    // session that is back is seen later, and at the end some workers would see an empty queue too early.
    private static final double LONG_TURN = 30;
    private static final double SHORT_TURN = 0.25;

    private static final int IDLE = 10; // seconds after the batch for which workers find the queue empty

    private final FleetScenario scenario;
    private final FleetQueue queue;
    private final FleetTally tally = new FleetTally();
    private final List<FleetWorker> workers = new ArrayList<>();
    private double now;

    private long pollsUntilEmpty;

    private FleetRun(FleetScenario scenario, FleetRule rule) {
        this.scenario = scenario;
        this.queue = new FleetQueue(scenario.sessions, scenario.timeout, scenario.renews);
        SplittableRandom random = new SplittableRandom(-scenario.seed);
        for (FleetScenario.Machine machine : scenario.machines) {
            workers.add(new FleetWorker(scenario, machine, rule, queue, tally, random.split()));
        }
    }

    static FleetOutcome of(FleetScenario scenario, FleetRule rule) {
        return new FleetRun(scenario, rule).run();
    }

    private FleetOutcome run() {
        while (queue.hasSessions() && now < LATEST) {
            boolean workersMeet = !scenario.renews || queue.undone() < scenario.sessions / 20;
            advance(workersMeet ? SHORT_TURN : LONG_TURN);
            pollsUntilEmpty = queue.polls();
        }
        double emptyAt = now;
        if (scenario.oneDiesLast) {
            workers.stream()
                    .filter(FleetWorker::isAlive)
                    .max(Comparator.comparingInt(FleetWorker::cores))
                    .ifPresent(FleetWorker::die);
        }
        while (queue.undone() > 0 && now < LATEST) {
            advance(SHORT_TURN);
        }
        if (queue.undone() > 0) {
            throw new IllegalStateException("the batch is not done after " + LATEST + " s");
        }
        long polls = queue.polls();
        for (int i = 0; i < IDLE; i++) {
            advance(1);
        }
        return new FleetOutcome(
                queue.lastEnd() / scenario.ideal,
                emptyAt / scenario.ideal,
                queue.lastEnd() - emptyAt,
                tally.cpu(),
                tally.over(),
                tally.above(),
                tally.p95Stretch(),
                tally.strangersShare(),
                100.0 * queue.again() / scenario.sessions,
                pollsUntilEmpty / emptyAt,
                queue.mostPolls(),
                (double) (queue.polls() - polls) / IDLE);
    }

    /** Lets each worker in turn run for some seconds. */
    private void advance(double seconds) {
        now += seconds;
        for (FleetWorker worker : workers) {
            worker.advanceTo(now);
        }
        queue.advanceTo(now);
    }
}
