package io.github.cpugate.cpu;

import io.github.cpugate.internal.log.Log;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures the CPU of the processors that this process may use, if it may not use all of them. The host's CPU says
 * nothing then: it is low while the one allowed processor is saturated, and high while others are.
 *
 * <p>It never throws. If the processors cannot be read once, there is no reading; if they often cannot, host CPU is the
 * reading, as where the process may use all. The fault is logged once.
 */
final class AllowedProcessors {

    private static final Log LOG = new Log(CpuSampler.class.getName());

    private final Supplier<Processors> opener;
    private final ProcessorMeter meter;
    private final Faults faults;

    private @Nullable Processors processors;
    private boolean first = true;
    private boolean restricted; // at the last call
    private String logged = "all";
    private boolean faultLogged;

    /** The opener is called at the first reading, and may throw anything. */
    AllowedProcessors(Supplier<Processors> opener, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.opener = opener;
        this.meter = new ProcessorMeter(ownNanos, nanoClock);
        this.faults = new Faults(ownNanos, nanoClock);
    }

    static AllowedProcessors ofThisProcess() {
        String system = System.getProperty("os.name", "");
        Supplier<Processors> opener = () -> Processors.UNRESTRICTED;
        if (system.startsWith("Linux")) {
            opener = () -> new LinuxProcessors(Path.of("/"));
        } else if (system.startsWith("Windows")) {
            opener = () -> WindowsProcessors.ofThisProcess();
        }
        return new AllowedProcessors(opener, new ProcessCpu(), System::nanoTime);
    }

    /**
     * Returns the CPU of the allowed processors since the last call; null if host CPU is the reading. When a
     * restriction begins, this call only primes the counters; when it ends, this call still returns a reading, of all
     * processors. So there is a reading at each step meanwhile.
     */
    @Nullable
    CpuReading reading() {
        boolean wasRestricted = restricted;
        boolean begins = false;
        CpuReading reading = CpuReading.of(Double.NaN);
        try {
            Processors opened = processors == null ? opener.get() : processors;
            processors = opened;
            BitSet allowed = opened.allowed();
            restricted = !allowed.isEmpty();
            if (!restricted && !wasRestricted) {
                return null;
            }
            if (!wasRestricted) {
                begins = !first;
                meter.reset();
                faults.reset();
            }
            reading = meter.read(opened, allowed);
            faults.add(reading);
            log(restricted ? reading.scope().substring("processors ".length()) : "all");
        } catch (Throwable t) {
            faults.addFailure();
            logFault(t);
        } finally {
            first = false;
        }
        return begins || faults.areTooMany() ? null : reading;
    }

    /** Whether the last call of {@link #reading()} found that this process may not use all processors. */
    boolean isRestricted() {
        return restricted;
    }

    private void log(String now) {
        if (now.equals(logged)) {
            return;
        }
        logged = now;
        try {
            LOG.info("processors that this process may use: {}", now);
        } catch (Throwable t) {
            // A log that fails must not cost the reading.
        }
    }

    private void logFault(Throwable cause) {
        if (faultLogged) {
            return;
        }
        faultLogged = true;
        try {
            LOG.warn(
                    "ignoring which processors this process may use, which cannot be read: {} (logged once)",
                    CpuSample.failed(cause, Double.NaN).detail());
        } catch (Throwable t) {
            // As above.
        }
    }
}
