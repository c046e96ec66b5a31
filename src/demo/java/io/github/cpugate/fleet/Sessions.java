package io.github.cpugate.fleet;

import io.temporal.activity.ActivityInterface;

/** The activities of the fleet. */
@ActivityInterface
public interface Sessions {

    /** How long a session lasts on a machine that has CPU for it, in seconds. */
    double SECONDS_ALONE = 3.0;

    /**
     * Streams a session.
     *
     * @param number of the session
     */
    void session(int number);
}
