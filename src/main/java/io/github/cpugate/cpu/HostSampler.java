package io.github.cpugate.cpu;

import org.jspecify.annotations.Nullable;

/**
 * The sampler of {@link CpuSampler#ofHost()}. It loads nothing before its first sample, so that it is quick to make.
 */
final class HostSampler implements CpuSampler {

    private @Nullable CpuSampler opened;

    @Override
    public CpuSample sample() {
        CpuSampler sampler = opened;
        if (sampler == null) {
            sampler = new SmoothingSampler(ScopedCpuSource.ofThisProcess(), SmoothingSampler.DEFAULT_ALPHA);
            opened = sampler;
        }
        return sampler.sample();
    }
}
