package io.github.cpugate.cpu;

/**
 * Gives the gate its view of CPU, once a step. A test's fake is one line: {@code () -> CpuSample.of(85)}.
 *
 * <p>A sampler remembers its last value, so one sampler serves one gate. It is called by one thread at a time, with a
 * happens-before edge from each call to the next.
 */
@FunctionalInterface
public interface CpuSampler {

    /**
     * Takes a sample.
     *
     * <p>May block briefly for I/O. It runs on the governor's thread, or on that of whoever calls {@code adjust()}. If
     * it has not returned for 5 to 15 s, the steps go on without it, and its answer, when it comes, counts for nothing.
     * Until then the sample counts as failing. Whatever it throws, or a null, counts as
     * {@link CpuSample.Health#FAILING}: the gate holds its limit, says so once, and asks again at the next step.
     *
     * @return the sample
     */
    CpuSample sample();

    /**
     * Returns a sampler of the CPU that this process can have, with an EWMA of weight 0.3.
     *
     * <p>That is the host's, or where a control group of Linux (a container) has a CPU quota that is closer to being
     * used up, that of the group: the larger of host CPU and the used share of each quota is the reading, and its scope
     * says which it was. Other processes count, of the host or of the group.
     *
     * <p>Host CPU is read through OSHI: without native code on Linux, through JNA elsewhere, and through the JDK's own
     * bean where OSHI cannot load; the log says which. Loading it takes about half a second, once, at the first sample
     * and not here.
     *
     * @return a new sampler, for one gate
     */
    static CpuSampler ofHost() {
        return smoothing(ScopedCpuSource.ofThisProcess(), SmoothingSampler.DEFAULT_ALPHA);
    }

    /**
     * Returns a sampler that smooths a source with an exponentially weighted moving average: <i>smoothed ← smoothed +
     * alpha × (raw − smoothed)</i>, primed by the first valid reading. What is not a percentage never enters the
     * average.
     *
     * <p>Where a reading tells the time that it spans, {@code alpha} is for the usual span, the median of the last five
     * readings'. One that spans <i>k</i> times as long, after a missed or a hung read, weighs as <i>k</i> equal ones
     * would: <i>1 − (1 − alpha)<sup>k</sup></i>.
     *
     * @param source where readings come from
     * @param alpha the weight of the new reading, in (0, 1]; 1 does not smooth
     * @return a new sampler, for one gate
     * @throws IllegalArgumentException if {@code alpha} is out of range
     */
    static CpuSampler smoothing(CpuSource source, double alpha) {
        return new SmoothingSampler(source, alpha);
    }
}
