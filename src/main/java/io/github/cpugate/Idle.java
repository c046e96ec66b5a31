package io.github.cpugate;

import java.util.concurrent.locks.Condition;

/** The moments at which the last slot held is given back. Guarded by the line's lock. */
final class Idle {

    private final Condition moment;

    /** So many there were: lets who awaits one see it though it has passed. */
    private long moments;

    Idle(Condition moment) {
        this.moment = moment;
    }

    void now() {
        moments++;
        moment.signalAll();
    }

    /** Waits for the next, or for at most {@code nanos}; returns whether it came. */
    boolean await(long nanos) throws InterruptedException {
        long before = moments;
        long left = nanos;
        while (moments == before) {
            if (left <= 0) {
                return false;
            }
            left = moment.awaitNanos(left);
        }
        return true;
    }
}
