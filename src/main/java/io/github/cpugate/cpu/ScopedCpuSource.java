package io.github.cpugate.cpu;

import java.nio.file.Path;

/**
 * Reads the larger of host CPU and the share that this process's control groups use of their CPU quotas, since that
 * resource runs out first. The host's counters do not reflect a quota: a container that is throttled at half a core on
 * an idle host looks idle.
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
            // Without host CPU the maximum is unknown. The quotas are not read either, so that both next readings cover
            // the same span. (They do not if the host's next reading starts here: if its source was just opened, its
            // ticks went back (OSHI), or its load was <= 0 (JDK).)
            return ofHost;
        }
        primed = true;
        CpuReading ofQuota = quotas.tightest();
        return ofQuota != null && ofQuota.percent() > ofHost.percent() ? ofQuota : ofHost;
    }
}
