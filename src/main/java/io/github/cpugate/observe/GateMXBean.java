package io.github.cpugate.observe;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.cpu.CpuSample.Health;

/**
 * The view of a gate in JMX, where {@link Jmx} registers it as {@code io.github.cpugate:type=Gate,name="..."}.
 *
 * <p>CPU is in percent of {@link #getScope()}, {@code NaN} if unknown. Each attribute has its value at the moment at
 * which it is read, so two attributes may contradict each other. An invalid value causes an
 * {@link IllegalArgumentException} that names it. Once the gate has been garbage-collected, all attributes but
 * {@code Name} and {@code Closed} throw an {@link IllegalStateException}. Attributes may be added: do not implement
 * this interface.
 */
public interface GateMXBean {

    /** {@return the gate's name} */
    String getName();

    /** {@return slots allowed at once} */
    int getLimit();

    /** {@return slots that the policy allows at once; equal to the limit unless the API ceiling is lower} */
    int getCpuLimit();

    /** {@return slots that the service seems to allow at once; {@code MaxSlots} if it has not refused lately} */
    int getApiCeiling();

    /** {@return the lowest limit} */
    int getMinSlots();

    /** {@return the highest limit} */
    int getMaxSlots();

    /** {@return slots held; above the limit while a cut drains} */
    int getInFlight();

    /** {@return callers in line} */
    int getWaiting();

    /**
     * {@return sessions that have paused their slot and do not hold it again; those that wait in line to resume count
     * as {@code Waiting} too}
     */
    int getPaused();

    /** {@return paused sessions that wait out the time for which the service asked} */
    int getBackingOff();

    /** {@return slots granted to new sessions since the gate was built} */
    long getAdmitted();

    /** {@return slots granted since the gate was built to sessions that resumed} */
    long getResumed();

    /** {@return callers that left the line since the gate was built because their time had passed} */
    long getTimedOut();

    /** {@return callers turned away since the gate was built because the line was full} */
    long getRejected();

    /** {@return refusals by the service since the gate was built, as sessions reported them} */
    long getRateLimited();

    /** {@return what holds callers in line back} */
    Bottleneck getBottleneck();

    /** {@return seconds since the gate was built during which the CPU limit held callers back} */
    double getSecondsHeldBackByCpu();

    /** {@return seconds since the gate was built during which the API ceiling held callers back} */
    double getSecondsHeldBackByApi();

    /** {@return seconds since the gate was built during which {@code MaxSlots} held callers back} */
    double getSecondsHeldBackByMaxSlots();

    /** {@return the last reading} */
    double getRawCpu();

    /** {@return the smoothed reading, on which the policy decides} */
    double getSmoothedCpu();

    /** {@return the part of the raw reading that this JVM used} */
    double getOwnCpu();

    /** {@return the part of the raw reading that others than this JVM used} */
    double getOthersCpu();

    /** {@return the percentage of a CPU quota's periods in which it was used up; NaN if there is no quota} */
    double getThrottledCpu();

    /** {@return the number of other gates with which this one shares the host} */
    int getPeers();

    /** {@return how much of the target is this gate's, percent of the target; 100 if no other gate competes} */
    double getShare();

    /** {@return the part of the others' CPU that the peers in other JVMs used} */
    double getPeersCpu();

    /**
     * {@return what 100 % is: the host, the processors that this process may use, a control group's quota, or the cores
     * against which this JVM alone is measured}
     */
    String getScope();

    /** {@return whether the last reading can be acted on} */
    Health getHealth();

    /** {@return why the last reading cannot be acted on; empty if it can} */
    String getDetail();

    /** {@return whether the gate has been closed or garbage-collected} */
    boolean isClosed();

    /** {@return the target} */
    double getTargetCpu();

    /**
     * Sets the target. The next step uses it.
     *
     * @param percent percent of the scope, in (1, 100]
     */
    void setTargetCpu(double percent);

    /**
     * Sets the bounds, and moves the limit into them at once.
     *
     * @param minSlots the lowest limit, in slots, at least 1
     * @param maxSlots the highest limit, in slots, at least {@code minSlots}
     */
    void setSlots(int minSlots, int maxSlots);
}
