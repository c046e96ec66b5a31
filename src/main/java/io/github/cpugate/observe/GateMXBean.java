package io.github.cpugate.observe;

import io.github.cpugate.Binding.Side;
import io.github.cpugate.cpu.CpuSample.Health;

/**
 * A gate as JMX shows it, under {@code io.github.cpugate:type=Gate,name="..."}: see {@link Jmx}.
 *
 * <p>CPU is in percent of {@link #getScope()}, {@code NaN} if unknown. Each value is of the moment that it is read, so
 * two of them may not fit together. A bad value is refused with an {@link IllegalArgumentException} that names it.
 * Attributes may be added: read it, do not implement it.
 */
public interface GateMXBean {

    /** {@return the gate's name} */
    String getName();

    /** {@return slots allowed at once} */
    int getLimit();

    /** {@return slots that CPU allows at once; the limit, if the API ceiling is not lower} */
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

    /** {@return slots granted since the gate was built} */
    long getAdmitted();

    /** {@return callers who left the line since the gate was built because their time had passed} */
    long getTimedOut();

    /** {@return refusals by the service since the gate was built, as callers told them} */
    long getRateLimited();

    /** {@return what callers in line are held back by} */
    Side getBinding();

    /** {@return seconds since the gate was built for which the CPU limit held callers back} */
    double getSecondsBoundByCpu();

    /** {@return seconds since then for which the API ceiling did} */
    double getSecondsBoundByApi();

    /** {@return seconds since then for which {@code MaxSlots} did} */
    double getSecondsBoundByMaxSlots();

    /** {@return the last reading} */
    double getRawCpu();

    /** {@return the smoothed reading, by which the limit goes} */
    double getSmoothedCpu();

    /** {@return what this JVM used of the raw reading} */
    double getOwnCpu();

    /** {@return what everybody else used of it} */
    double getOthersCpu();

    /** {@return what 100 % is: the host, or the control group whose quota binds} */
    String getScope();

    /** {@return whether the last reading can be acted on} */
    Health getHealth();

    /** {@return why not; empty if it can} */
    String getDetail();

    /** {@return whether the gate has been closed} */
    boolean isClosed();

    /** {@return the target} */
    double getTargetCpu();

    /**
     * Sets the target, by which the next step will go.
     *
     * @param percent in (1, 100]
     */
    void setTargetCpu(double percent);

    /**
     * Sets the bounds, and moves the limit into them at once.
     *
     * @param minSlots the lowest limit, at least 1
     * @param maxSlots the highest limit, at least {@code minSlots}
     */
    void setSlots(int minSlots, int maxSlots);
}
