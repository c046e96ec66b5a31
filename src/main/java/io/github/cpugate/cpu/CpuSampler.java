package io.github.cpugate.cpu;

/**
 * Supplies a gate with a CPU sample at each step. For a test, {@code () -> CpuSample.of(85)} is enough.
 *
 * <p>A sampler keeps state between calls, so each gate needs its own. It is called by one thread at a time, and each
 * call happens-before the next.
 */
@FunctionalInterface
public interface CpuSampler {

    /**
     * Takes a sample.
     *
     * <p>It may block briefly for I/O. It runs on the governor's thread, or on the thread that calls {@code step()},
     * but never on two threads at once. If it has not returned after 5 to 15 s, the gate logs that once, with the
     * stack. Until it returns, the gate's steps have no reading and hold the limit; its sample is then used. Anything
     * that it throws, and a null, counts as {@link CpuSample.Health#FAILING}: the gate holds its limit, logs the fault
     * once, and calls this method again at the next step.
     *
     * @return the sample
     */
    CpuSample sample();

    /**
     * Returns a sampler of the CPU available to this process, smoothed by an EWMA of weight 0.3.
     *
     * <p>The reading is the larger of the CPU of the processors that this process may use, and the used share of each
     * CPU quota of the Linux control groups (the container) that this process is in. Its scope names the one that
     * governs: the largest, with some hysteresis, so that two of equal load do not take turns. The CPU that other
     * processes use on these processors or in the group is included.
     *
     * <p>A process may use all processors of the host, unless {@code taskset}, {@code numactl}, a cpuset or (on Windows
     * hosts of up to 64 processors) an affinity mask restricts it. A change takes effect at the next sample; when a
     * restriction begins, at the one after it.
     *
     * <p>Host CPU is read through OSHI: without native code on Linux, through JNA elsewhere. Where OSHI cannot load, it
     * is read from {@code /proc/stat} or through the JDK's own bean, and where these show nothing either, it is the CPU
     * of this JVM alone. The log names the one in use. Loading OSHI takes about half a second, once, at the first
     * sample and not in this method.
     *
     * @return a new sampler, for one gate
     */
    static CpuSampler ofHost() {
        return new HostSampler();
    }

    /**
     * Returns a sampler of this JVM's own CPU against a number of cores, smoothed by an EWMA of weight 0.3. It is for a
     * limit that a process cannot see: a quota outside its cgroup namespace, a virtual machine that is throttled from
     * outside, the CPU rate of a Windows job. Other processes are not counted.
     *
     * @param cores the number of processors that 100 % stands for, as in {@code 0.5}
     * @return a new sampler, for one gate
     * @throws IllegalArgumentException if {@code cores} is not positive and finite
     */
    static CpuSampler ofCores(double cores) {
        return new SmoothingSampler(OwnCpuSource.ofCores(cores), SmoothingSampler.DEFAULT_ALPHA);
    }

    /**
     * Returns a sampler that smooths a source with an exponentially weighted moving average: <i>smoothed ← smoothed +
     * alpha × (raw − smoothed)</i>, primed by the first valid reading. A value that is not a percentage never enters
     * the average.
     *
     * <p>If readings report the time that they span, {@code alpha} is the weight of a reading of usual length, which is
     * the median of the last five spans. A reading <i>k</i> times as long, after a missed or hung read, has the weight
     * of <i>k</i> equal readings: <i>1 − (1 − alpha)<sup>k</sup></i>.
     *
     * @param source the source of the readings
     * @param alpha the weight of the new reading, in (0, 1]; 1 disables smoothing
     * @return a new sampler, for one gate
     * @throws IllegalArgumentException if {@code alpha} is out of range
     */
    static CpuSampler smoothing(CpuSource source, double alpha) {
        return new SmoothingSampler(source, alpha);
    }
}
