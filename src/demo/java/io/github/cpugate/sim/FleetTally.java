package io.github.cpugate.sim;

/** Counts what a fleet's machines and sessions went through, while its queue had sessions. */
final class FleetTally {

    private static final int FINE = 1000; // of a stretch of 1

    private final int[] stretches = new int[20 * FINE];
    private long ended;
    private long looks;
    private long over;
    private double cpu;
    private double above;
    private double got;
    private double wanted;

    /** A session took so many times the time that it takes alone. */
    void ended(double stretch) {
        ended++;
        stretches[Math.min(stretches.length - 1, (int) (stretch * FINE + 0.5))]++;
    }

    /** A machine's CPU over a step, percent; and the core-seconds that strangers got and wanted. */
    void saw(double percent, double strangersGot, double strangersWanted) {
        looks++;
        cpu += percent;
        over += percent > FleetScenario.TARGET + 10 ? 1 : 0;
        above += Math.max(0, percent - FleetScenario.TARGET);
        got += strangersGot;
        wanted += strangersWanted;
    }

    double p95Stretch() {
        long longer = ended / 20;
        int i = stretches.length - 1;
        while (longer >= stretches[i]) {
            longer -= stretches[i--];
        }
        return (double) i / FINE;
    }

    double cpu() {
        return cpu / looks;
    }

    double over() {
        return 100.0 * over / looks;
    }

    double above() {
        return above / looks;
    }

    double strangersShare() {
        return 100 * got / wanted;
    }
}
