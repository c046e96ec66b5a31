package io.github.cpugate.sim;

import java.util.function.DoubleUnaryOperator;

/** A service that lets so many requests run at once, as a function of time; those that run when it falls go on. */
record Service(DoubleUnaryOperator atOnce, double retryAfter) {

    /** It refuses nothing. */
    static final Service WITHOUT_LIMIT = new Service(second -> Double.POSITIVE_INFINITY, 0);

    boolean takes(double now, int running) {
        return running < atOnce.applyAsDouble(now);
    }
}
