package io.github.cpugate.cpu;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first of several sources that works on this host, chosen at the first read: OSHI without native code (Linux),
 * OSHI through JNA, the JDK's bean.
 *
 * <p>JNA unpacks a library into home or tmp, and throws {@code UnsatisfiedLinkError} where neither can be written;
 * native code also draws a warning from JDK 24 on. Hence the order.
 */
class HostCpuSource implements CpuSource {

    /** A source by name, not opened yet: opening may throw anything, an {@code Error} too. */
    record Candidate(String name, Supplier<CpuSource> opener) {}

    private @Nullable CpuSource chosen;

    /** What there is to try, best first. Asked at the first read; a test gives its own. */
    List<Candidate> candidates() {
        return List.of(
                new Candidate("OSHI without native code", OshiCpuSource::withoutNativeCode),
                new Candidate("OSHI through JNA", OshiCpuSource::throughJna),
                new Candidate("the JDK's OperatingSystemMXBean", JdkCpuSource::ofPlatform));
    }

    @Override
    public double read() {
        if (chosen != null) {
            return chosen.read();
        }
        StringBuilder refusals = new StringBuilder();
        for (Candidate candidate : candidates()) {
            try {
                CpuSource source = candidate.opener().get();
                double first = source.read();
                chosen = source;
                logger().info("host CPU is read through {}{}", candidate.name(), refusals);
                return first;
            } catch (Throwable t) { // LinkageError and UnsatisfiedLinkError are what is expected here
                refusals.append("; not through ")
                        .append(candidate.name())
                        .append(": ")
                        .append(t);
            }
        }
        // Tried again at the next read. The gate logs it once.
        throw new IllegalStateException("no source of host CPU" + refusals);
    }

    private static Logger logger() {
        return LoggerFactory.getLogger(CpuSampler.class);
    }
}
