package io.github.cpugate.internal.governor;

/**
 * Notices when the governor thread's step or a listener hangs. While a step hangs, the watch makes steps in its place,
 * one a period. Otherwise it wakes rarely, since waking is its only cost; so it notices a hang after one to three times
 * the governor's patience.
 */
final class Watch extends RepeatingThread {

    private final Governor governor;
    private final GovernorThread watched;
    private boolean hanging;
    private long nextStepAt = System.nanoTime(); // the earliest time of a step in place of one that hangs

    Watch(Governor governor, GovernorThread watched) {
        super("cpugate-watch-" + governor.gate());
        this.governor = governor;
        this.watched = watched;
    }

    @Override
    long pauseNanos() {
        return hanging ? Math.min(watched.pauseNanos(), 2 * governor.patienceNanos()) : 2 * governor.patienceNanos();
    }

    @Override
    void work() {
        hanging = governor.isHanging(watched.thread());
        if (hanging && System.nanoTime() - nextStepAt >= 0) {
            nextStepAt = System.nanoTime() + watched.pauseNanos();
            var unused = governor.stepInPlace(false);
        }
        governor.dispatcher().reportHang(governor.patienceNanos());
        var unusedToo = watched.endIfDeserted();
    }
}
