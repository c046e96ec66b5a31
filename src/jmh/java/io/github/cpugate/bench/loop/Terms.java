package io.github.cpugate.bench.loop;

import java.time.Duration;

/**
 * What all contenders are made by, as far as they have a use for it.
 *
 * @param aloneSeconds that a session of middle length takes alone
 * @param bestConstant the largest constant that keeps CPU at or under the target; 0 before it is known
 */
record Terms(Duration period, Duration ramp, double aloneSeconds, int bestConstant) {

    /** So many sessions take all of the host: about six points each, and eleven of them come near the target. */
    static final double SESSIONS_TO_SATURATE = 16.5;

    static final double TARGET = 70;
    static final int MIN_SLOTS = 2;
    static final int MAX_SLOTS = 32;

    /** Sessions slowed down by this are what an operator would call congestion. */
    double congestedSeconds() {
        return 2 * aloneSeconds;
    }
}
