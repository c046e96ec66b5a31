package io.github.cpugate.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;

/**
 * A fleet that is drawn from a seed, and the batch that waits in its queue. Times are in seconds, CPU in cores.
 *
 * <p>Machines have 2, 4, … 64 cores; on average, each of these sizes has as many cores in the fleet as any other. Two
 * machines in five are shared: strangers ask for 10 to 60 % of the cores, or nothing, by turns of 20 s to 5 min. One
 * machine in twenty dies at some moment of the first nine tenths of the half hour that the batch takes at best.
 */
final class FleetScenario {

    static final double TARGET = 70; // percent
    private static final double BATCH = 1800; // the ideal, nearly
    private static final int MOST_CORES = 64;
    private static final double SHORTEST = 3;
    private static final double LONGEST = 30;
    private static final double FIRST_TOKEN_FROM = 0.3;
    private static final double FIRST_TOKEN_TO = 2;

    /** A session. It asks for some cores from its first token to its end. */
    record Session(double demand, double firstToken, double answer) {

        double work() {
            return demand * answer;
        }

        double alone() {
            return firstToken + answer;
        }
    }

    /** A machine, the cores that strangers ask for by second, and when it dies, which may be never. */
    record Machine(int cores, DoubleUnaryOperator strangers, double diesAt) {

        /** The cores that sessions can use within the target in that second. */
        private double room(int second) {
            double alive = Math.max(0, Math.min(1, diesAt - second));
            return alive * Math.max(0, cores * TARGET / 100 - strangers.applyAsDouble(second));
        }
    }

    final long seed;
    final double demandFrom; // of a session
    final double demandTo;
    final List<Machine> machines = new ArrayList<>();
    final int sessions;
    final double ideal;
    double timeout = 30; // for which the queue hides a session that was taken
    boolean renews = true; // workers renew it every third of that time
    boolean oneDiesLast; // the largest machine, once the queue is empty

    FleetScenario(int machines, long seed, double demandFrom, double demandTo) {
        this.seed = seed;
        this.demandFrom = demandFrom;
        this.demandTo = demandTo;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < machines; i++) {
            this.machines.add(draw(random));
        }
        this.sessions = (int) (room((int) BATCH) / coresPerSlot() / meanLength());
        this.ideal = ideal();
    }

    FleetScenario timeout(double seconds, boolean renewed) {
        timeout = seconds;
        renews = renewed;
        return this;
    }

    FleetScenario oneDiesLast() {
        oneDiesLast = true;
        return this;
    }

    private static Machine draw(SplittableRandom random) {
        int cores = cores(random.nextDouble());
        boolean shared = random.nextDouble() < 0.4;
        double turn = Scenario.between(20, 300, random.nextDouble());
        long firstTurn = random.nextLong();
        boolean dies = random.nextDouble() < 0.05;
        double diesAt = 0.9 * BATCH * random.nextDouble();
        return new Machine(
                cores,
                shared ? second -> cores * strangersShare(firstTurn + (long) (second / turn)) : second -> 0,
                dies ? diesAt : Double.POSITIVE_INFINITY);
    }

    /** Half as many machines have 4 cores as have 2, and so on. */
    private static int cores(double random) {
        double left = random * (2 - 2.0 / MOST_CORES); // 1 + 1/2 + … + 1/32
        int cores = 2;
        for (double weight = 1; left >= weight && cores < MOST_CORES; weight /= 2) {
            left -= weight;
            cores *= 2;
        }
        return cores;
    }

    private static double strangersShare(long turn) {
        SplittableRandom random = new SplittableRandom(turn);
        return random.nextDouble() < 0.5 ? 0 : Scenario.between(0.1, 0.6, random.nextDouble());
    }

    /** The session of that number; the same each time. */
    Session session(int number) {
        SplittableRandom random = new SplittableRandom((seed << 32) + number);
        double length = Scenario.between(SHORTEST, LONGEST, random.nextDouble());
        double firstToken = Scenario.between(FIRST_TOKEN_FROM, FIRST_TOKEN_TO, random.nextDouble());
        double demand = Scenario.between(demandFrom, demandTo, random.nextDouble());
        return new Session(demand, firstToken, length - firstToken);
    }

    private static double meanLength() {
        return (SHORTEST + LONGEST) / 2;
    }

    /** The cores that a slot uses if sessions of mean length and demand follow each other in it. */
    double coresPerSlot() {
        double firstToken = (FIRST_TOKEN_FROM + FIRST_TOKEN_TO) / 2;
        return (demandFrom + demandTo) / 2 * (meanLength() - firstToken) / meanLength();
    }

    /** The core-seconds that sessions can use within the target until then. */
    private double room(int seconds) {
        double room = 0;
        for (Machine machine : machines) {
            for (int second = 0; second < seconds; second++) {
                room += machine.room(second);
            }
        }
        return room;
    }

    /**
     * The least time in which the batch can be done at the target: the first moment by which its core-seconds fit into
     * what the machines can give. A machine gives what strangers leave of the target at each moment, from the first
     * second until it dies.
     *
     * <p>No rule that keeps to the target at each moment is as quick: the ideal leaves out that limits climb, that
     * sessions are lost with their machine and done again, and that slots stay free while the last sessions run, for up
     * to 30 s.
     */
    private double ideal() {
        double work = 0;
        for (int i = 0; i < sessions; i++) {
            work += session(i).work();
        }
        for (int second = 0; ; second++) {
            double room = 0;
            for (Machine machine : machines) {
                room += machine.room(second);
            }
            if (work <= room) {
                return second + work / room;
            }
            work -= room;
        }
    }
}
