package io.github.cpugate.sim;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/**
 * What a simulation runs: a host, sessions, when they come, and the gate's settings. Times are in seconds, demand and
 * background in cores. Defaults are those of the fields.
 */
final class Scenario {

    final String name;
    int cores = 2;

    int sessions = 150; // of each gate
    double demand = 0.17; // of a session, once its answer streams
    double length = 10; // of the answer
    double firstTokenFrom; // before its first token a session costs nothing
    double firstTokenTo;
    double jitter = 0.2; // demand and length of a session differ by this share at most, from one to the next
    IntToDoubleFunction costs = session -> 1; // factor of the n-th session's demand
    double children; // share of the work that child processes do

    int burst; // sessions that come together; 0 for all of them
    double apart; // from one burst to the next
    boolean steady; // they come one by one instead

    boolean hasBackground;
    DoubleUnaryOperator background = second -> 0;
    boolean backgroundIsOwn; // other work of the same process

    int gates = 1;
    int minSlots = 2;
    int maxSlots = 16;
    double target = 70;
    double alpha = 0.3;
    double period = 2;
    double noise = 1.5; // standard deviation of a reading, points
    boolean ownKnown = true;

    Scenario(String name) {
        this.name = name;
    }

    Scenario host(int cores, int maxSlots) {
        this.cores = cores;
        this.maxSlots = maxSlots;
        return this;
    }

    Scenario sessions(int sessions, double demand, double length) {
        this.sessions = sessions;
        this.demand = demand;
        this.length = length;
        return this;
    }

    Scenario firstToken(double from, double to) {
        this.firstTokenFrom = from;
        this.firstTokenTo = to;
        return this;
    }

    Scenario jitter(double share) {
        this.jitter = share;
        return this;
    }

    Scenario costs(IntToDoubleFunction factorOfSession) {
        this.costs = factorOfSession;
        return this;
    }

    Scenario children(double share) {
        this.children = share;
        return this;
    }

    Scenario bursts(int sessions, double apart) {
        this.burst = sessions;
        this.apart = apart;
        return this;
    }

    Scenario steadily(int sessions, double within) {
        this.steady = true;
        return bursts(sessions, within);
    }

    Scenario background(DoubleUnaryOperator coresAtSecond) {
        this.hasBackground = true;
        this.background = coresAtSecond;
        return this;
    }

    Scenario ownBackground(double cores) {
        this.backgroundIsOwn = true;
        return background(second -> cores);
    }

    Scenario gates(int gates) {
        this.gates = gates;
        return this;
    }

    Scenario smoothing(double alpha, double period) {
        this.alpha = alpha;
        this.period = period;
        return this;
    }

    Scenario noise(double points) {
        this.noise = points;
        return this;
    }

    Scenario ownUnknown() {
        this.ownKnown = false;
        return this;
    }

    /** What a session of middle length takes alone. */
    double aloneSeconds() {
        return (firstTokenFrom + firstTokenTo) / 2 + length;
    }

    /** When the last one comes, if they come one by one. */
    double lastArrival() {
        return sessions * apart / burst;
    }

    /** CPU of the host, in percent. */
    double percent(double coreSeconds, double seconds) {
        return 100 * coreSeconds / seconds / cores;
    }

    /** A factor of a session's demand, or of its length. */
    double jittered(SplittableRandom sessions) {
        return between(1 - jitter, 1 + jitter, sessions.nextDouble());
    }

    static double between(double from, double to, double random) {
        return from + (to - from) * random;
    }
}
