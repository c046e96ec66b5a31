package io.github.cpugate.sim;

import java.util.Locale;
import java.util.Random;

/**
 * A plant that is drawn from a seed: a host of 1 to 96 cores on which 4 to 160 sessions reach the target, with noise,
 * first tokens that come late, and other load. The same seed draws the same plant. Times are in seconds, CPU in cores.
 */
final class RandomPlant {

    /** What changes halfway. */
    enum Change {
        NOTHING,
        /** First tokens that came within a period come after 2.5 periods; those that came later come at once. */
        FIRST_TOKEN,
        /** A session demands 1.6 times the CPU. */
        DEARER,
        /** A session demands 0.6 times the CPU. */
        CHEAPER
    }

    /** How the lengths of sessions are distributed. */
    enum Lengths {
        UNIFORM,
        LOGNORMAL,
        /** One in five is six times as long as the others. */
        MIXED
    }

    final long seed;
    final double cores;
    final double demand; // of a session while its answer streams
    final double period; // of the gate's steps
    final double alpha; // of the EWMA
    final double length; // of a session's answer, on average
    final Lengths lengths;
    final double lengthSpread; // of uniform ones, as a share
    final double firstToken;
    final double firstTokenSpread; // as a share
    final double noise; // standard deviation of a reading, points
    final double background; // other processes
    final double backgroundSwing; // added and taken away by turns
    final double swingSeconds; // a turn
    final double base; // other work of the JVM
    final double spike; // work of the JVM at one step in four, as a garbage collector does it
    final Change change;
    final boolean inChildProcesses; // then the JVM's own part of a session is a tenth

    RandomPlant(long seed) {
        this.seed = seed;
        Random random = new Random(seed * 7919);
        cores = oneOf(random, 1, 2, 4, 8, 16, 48, 96);
        demand = Math.min(1, 0.7 * cores / logUniform(random, 4, 160));
        period = oneOf(random, 1, 2, 2, 2, 5);
        alpha = oneOf(random, 0.2, 0.3, 0.3, 0.3, 0.5);
        length = period * logUniform(random, 2, 50);
        lengths = Lengths.values()[random.nextInt(3)];
        lengthSpread = random.nextDouble() * 0.6;
        firstToken = random.nextInt(3) == 0 ? 0 : period * random.nextDouble() * 4;
        firstTokenSpread = random.nextDouble();
        noise = oneOf(random, 0.5, 1, 1.5, 3);
        background = random.nextInt(3) == 0 ? 0 : cores * random.nextDouble() * 0.35;
        backgroundSwing = random.nextInt(2) == 0 ? 0 : cores * random.nextDouble() * 0.25;
        swingSeconds = period * (5 + random.nextInt(60));
        base = random.nextInt(2) == 0 ? 0.02 : cores * random.nextDouble() * 0.1;
        spike = random.nextInt(3) == 0 ? cores * 0.2 * random.nextDouble() : 0;
        change = Change.values()[random.nextInt(4)];
        inChildProcesses = random.nextInt(6) == 0;
    }

    private static double oneOf(Random random, double... values) {
        return values[random.nextInt(values.length)];
    }

    private static double logUniform(Random random, double from, double to) {
        return from * Math.exp(random.nextDouble() * Math.log(to / from));
    }

    /** The factor of a session's demand, before and after the change. */
    double demandFactor(boolean changed) {
        return !changed ? 1 : change == Change.DEARER ? 1.6 : change == Change.CHEAPER ? 0.6 : 1;
    }

    /** The mean time until the first token, before and after the change. */
    double firstToken(boolean changed) {
        boolean moves = changed && change == Change.FIRST_TOKEN;
        return !moves ? firstToken : firstToken < period ? 2.5 * period : 0;
    }

    double backgroundAt(double time) {
        boolean up = (int) (time / swingSeconds) % 2 == 0;
        return Math.max(0, background + (up ? backgroundSwing : -backgroundSwing));
    }

    double drawLength(Random random) {
        return switch (lengths) {
            case UNIFORM -> length * (1 + lengthSpread * (2 * random.nextDouble() - 1));
            case LOGNORMAL -> length * Math.exp(0.6 * random.nextGaussian());
            case MIXED -> random.nextInt(5) == 0 ? 3 * length : 0.5 * length;
        };
    }

    double drawFirstToken(Random random, boolean changed) {
        return Math.max(0, firstToken(changed) * (1 + firstTokenSpread * (2 * random.nextDouble() - 1)));
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "seed %d: %.0f cores, slots of %.1f %%, sessions of %.0f steps (%s), first token after %.1f steps,"
                        + " noise %.1f, period %.0f s, others %.0f ± %.0f %%, JVM %.0f %%, spikes of %.0f %%, %s%s",
                seed,
                cores,
                100 * demand / cores,
                length / period,
                lengths,
                firstToken / period,
                noise,
                period,
                100 * background / cores,
                100 * backgroundSwing / cores,
                100 * base / cores,
                100 * spike / cores,
                change,
                inChildProcesses ? ", in child processes" : "");
    }
}
