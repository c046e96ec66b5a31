package io.github.cpugate.cpu;

import io.github.cpugate.internal.log.Log;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures the CPU of the processors that this process may use, if it may not use all of them. The host's CPU says
 * nothing then: it is low while the one allowed processor is saturated, and high while others are.
 *
 * <p>It never throws. Processors that cannot be read count as unrestricted; the fault is logged once.
 */
final class AllowedProcessors {

    private static final Log LOG = new Log(CpuSampler.class.getName());
    private static final int LONGEST_LIST = 40; // characters

    private final Supplier<Processors> opener;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;

    private @Nullable Processors processors;
    private boolean first = true;
    private boolean restricted; // at the last call
    private Map<Integer, long[]> last = Map.of();
    private long lastOwn;
    private long lastRead;
    private String logged = "all";
    private boolean faultLogged;

    /** The opener is called at the first reading, and may throw anything. */
    AllowedProcessors(Supplier<Processors> opener, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.opener = opener;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
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
        boolean begins = !restricted && !first;
        boolean wasRestricted = restricted;
        first = false;
        try {
            Processors opened = processors == null ? opener.get() : processors;
            processors = opened;
            BitSet allowed = opened.allowed();
            restricted = !allowed.isEmpty();
            if (!restricted && !wasRestricted) {
                return null;
            }
            CpuReading reading = measure(opened, allowed);
            log(restricted ? reading.scope().substring("processors ".length()) : "all");
            if (!restricted) {
                last = Map.of();
            }
            return restricted && begins ? null : reading;
        } catch (Throwable t) {
            restricted = false;
            last = Map.of();
            logFault(t);
            return null;
        }
    }

    /** Whether the last call of {@link #reading()} found that this process may not use all processors. */
    boolean isRestricted() {
        return restricted;
    }

    private CpuReading measure(Processors opened, BitSet allowed) throws IOException {
        Map<Integer, long[]> before = last;
        long ownBefore = lastOwn;
        long readBefore = lastRead;
        last = opened.ticks();
        lastOwn = ownNanos.getAsLong();
        lastRead = nanoClock.getAsLong();

        BitSet measured = new BitSet();
        last.keySet().forEach(measured::set);
        int online = measured.cardinality();
        if (!allowed.isEmpty()) {
            measured.and(allowed);
        }
        int cores = measured.cardinality();
        if (cores == 0) {
            throw new IOException("none of the allowed processors " + allowed + " is online");
        }
        long span = lastRead - readBefore;
        TickSpan ticks = new TickSpan(0, 0);
        for (int i = measured.nextSetBit(0); i >= 0; i = measured.nextSetBit(i + 1)) {
            long[] counters = before.get(i);
            TickSpan ofOne = counters == null ? ticks : TickSpan.between(counters, last.get(i));
            // One that has just gone online, perhaps with the counters of last time, counts from the next reading on.
            if (counters != null && ofOne.isPlausible(span, 1)) {
                ticks = ticks.plus(ofOne);
            }
        }
        String scope = allowed.isEmpty() ? CpuReading.HOST : "processors " + numbers(measured) + " of " + online;
        return new CpuReading(
                ticks.percent(),
                ProcessCpu.percent(ownBefore, lastOwn, (double) span * cores),
                before.isEmpty() ? 0 : span,
                scope,
                cores);
    }

    /** Returns a list as the kernel writes it, {@code 0-3,8}; the number of processors if it would be long. */
    private static String numbers(BitSet processors) {
        StringJoiner list = new StringJoiner(",");
        for (int from = processors.nextSetBit(0); from >= 0; ) {
            int to = processors.nextClearBit(from) - 1;
            list.add(from == to ? Integer.toString(from) : from + "-" + to);
            from = processors.nextSetBit(to + 1);
        }
        return list.length() <= LONGEST_LIST ? list.toString() : "(" + processors.cardinality() + ")";
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
