package io.github.cpugate.cpu;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The first of several sources that works on this host, chosen at the first read.
 *
 * <p>On Linux OSHI can do without native code, and is asked to first: JNA unpacks a library into home or tmp and throws
 * {@code UnsatisfiedLinkError} where neither can be written, and loading it draws a warning from JDK 24 on.
 */
class HostCpuSource implements CpuSource {

    /** A source by name, not opened yet: opening may throw anything, an {@code Error} too. */
    record Candidate(String name, Supplier<CpuSource> opener) {}

    private @Nullable CpuSource chosen;

    /** What there is to try, best first. Asked at the first read; a test gives its own. */
    List<Candidate> candidates() {
        Candidate jna = new Candidate("OSHI through JNA", OshiCpuSource::throughJna);
        Candidate jdk = new Candidate("the JDK's OperatingSystemMXBean", JdkCpuSource::ofPlatform);
        if (!System.getProperty("os.name", "").startsWith("Linux")) {
            return List.of(jna, jdk);
        }
        return List.of(new Candidate("OSHI without native code", OshiCpuSource::withoutNativeCode), jna, jdk);
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        if (chosen != null) {
            return chosen.reading();
        }
        StringBuilder refusals = new StringBuilder();
        for (Candidate candidate : candidates()) {
            CpuSource source;
            CpuReading first;
            try {
                source = candidate.opener().get();
                first = source.reading();
            } catch (Throwable t) { // UnsatisfiedLinkError and its kin are what is expected here
                refusals.append("; not through ")
                        .append(candidate.name())
                        .append(": ")
                        .append(CpuSample.failed(t, Double.NaN).detail());
                continue;
            }
            chosen = source;
            sayWhichServes(candidate.name() + refusals);
            return first;
        }
        // Tried again at the next read. The gate logs it once.
        throw new IllegalStateException("no source of host CPU" + refusals);
    }

    private static void sayWhichServes(String which) {
        try {
            LoggerFactory.getLogger(CpuSampler.class).info("host CPU is read through {}", which);
        } catch (Throwable t) {
            // A log at fault is no reason to do without a reading.
        }
    }
}
