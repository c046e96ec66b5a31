package io.github.cpugate.cpu;

import java.nio.file.Path;

/**
 * The larger of host CPU and the share that this process's control groups use of their CPU quotas: whichever gives out
 * first. The host's ticks alone are blind to a quota: a container throttled at half a core on an idle host looks idle.
 */
final class ScopedCpuSource implements CpuSource {

    private final CpuSource host;
    private final QuotaMeter quotas;
    private boolean primed;

    ScopedCpuSource(CpuSource host, QuotaMeter quotas) {
        this.host = host;
        this.quotas = quotas;
    }

    static ScopedCpuSource ofThisProcess() {
        return new ScopedCpuSource(
                new HostCpuSource(), new QuotaMeter(Path.of("/"), new ProcessCpu(), System::nanoTime));
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        CpuReading ofHost = host.reading();
        if (primed && Double.isNaN(ofHost.percent())) {
            return ofHost; // the larger of the two is unknown; both go on from where they were read last
        }
        primed = true;
        CpuReading ofQuota = quotas.tightest();
        return ofQuota != null && ofQuota.percent() > ofHost.percent() ? ofQuota : ofHost;
    }
}
