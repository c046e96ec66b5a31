package io.github.cpugate.cpu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the CPU of the processors that this process may use, and the share that its control groups use of their CPU
 * quotas, and returns the larger, since that resource runs out first. The host's counters do not reflect a quota: a
 * container that is throttled at half a core on an idle host looks idle.
 *
 * <p>If this process may not use all processors, those that it may use replace the host: others neither help nor harm
 * it.
 */
final class ScopedCpuSource implements CpuSource {

    private final CpuSource host;
    private final AllowedProcessors allowed;
    private final QuotaMeter quotas;
    private final ScopeChoice choice = new ScopeChoice();
    private boolean primed;

    ScopedCpuSource(CpuSource host, AllowedProcessors allowed, QuotaMeter quotas) {
        this.host = host;
        this.allowed = allowed;
        this.quotas = quotas;
    }

    static ScopedCpuSource ofThisProcess() {
        return new ScopedCpuSource(
                new HostCpuSource(),
                AllowedProcessors.ofThisProcess(),
                new QuotaMeter(Path.of("/"), new ProcessCpu(), System::nanoTime));
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        CpuReading ofMachine = ofMachine();
        if (primed && Double.isNaN(ofMachine.percent())) {
            // The maximum is unknown. The quotas are not read either, so that both next readings cover the same span.
            // (They do not if the next reading of the machine starts here: if its source was just opened, for example.)
            return ofMachine;
        }
        primed = true;
        List<CpuReading> readings = new ArrayList<>(quotas.readings());
        readings.add(0, ofMachine);
        CpuReading chosen = choice.choose(readings);
        return (chosen == null ? ofMachine : chosen).withThrottled(quotas.throttled());
    }

    private CpuReading ofMachine() {
        CpuReading ofAllowed = allowed.reading();
        if (ofAllowed == null) {
            return host.reading();
        }
        if (!allowed.isRestricted()) {
            primeHost(); // it is the reading from the next step on
        }
        return ofAllowed;
    }

    private void primeHost() {
        try {
            var unused = host.reading();
        } catch (Throwable t) {
            // The next step reports it.
        }
    }
}
