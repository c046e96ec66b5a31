package io.github.cpugate.cpu;

import io.github.cpugate.internal.log.Log;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads host CPU through the best source that works on this host.
 *
 * <p>On Linux, OSHI without native code is tried first: JNA unpacks a library into the home or temporary folder and
 * throws {@code UnsatisfiedLinkError} where neither is writable, and loading it causes a warning from JDK 24 on.
 *
 * <p>No choice is permanent. A source that is at fault at {@value #MOST_FAULTS} of its last 8 reads is replaced by the
 * best of the others that works; if none does, it is opened again. A source is at fault if it throws, if it returns no
 * percentage, or if it has no reading for a second in which this JVM used CPU: some sandboxes show counters that never
 * move. While a lesser source is in use, the better ones are retried at growing intervals. A better source is primed at
 * one read and takes over at the next, so the change costs no reading.
 */
class HostCpuSource implements CpuSource {

    /** A source that is not open yet. Opening it may throw anything, an {@code Error} included. */
    record Candidate(String name, Supplier<CpuSource> opener) {}

    private static final Log LOG = new Log(CpuSampler.class.getName());
    private static final int MOST_FAULTS = 3;
    private static final int RECENT = 0xFF; // the last 8 reads, a bit each
    private static final long STUCK_NANOS = 1_000_000_000; // OSHI has new counters every 300 ms
    private static final long STUCK_OWN_NANOS = 20_000_000; // two ticks
    private static final int FIRST_INTERVAL = 8; // reads until better sources are retried; doubled at each retry
    private static final int MAX_INTERVAL = 1024;

    private @Nullable Opened current;
    private @Nullable Opened better; // primed at the previous read
    private int recentFaults; // of the current source: bit 0 is the last read, and 1 is a fault
    private long lastReading; // when the current source was opened or had a reading
    private long ownAtLastReading;
    private long reads; // of the current source
    private int failedRank = -1; // of the source that was last given up, which is tried after all others
    private int interval = FIRST_INTERVAL;
    private int readsUntilRetry;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;

    HostCpuSource() {
        this(new ProcessCpu(), System::nanoTime);
    }

    HostCpuSource(LongSupplier ownNanos, LongSupplier nanoClock) {
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /** A source that has been opened and read once; {@code rank} 0 is the best. */
    private record Opened(CpuSource source, String name, int rank) {}

    /**
     * Returns the sources to try, the best first. Not called before the first read; tests override it. The openers are
     * lambda expressions, so that a class of OSHI that is missing or of another version fails the opener and not this.
     */
    List<Candidate> candidates() {
        List<Candidate> candidates = new ArrayList<>();
        if (System.getProperty("os.name", "").startsWith("Linux")) {
            candidates.add(new Candidate("OSHI without native code", () -> OshiCpuSource.withoutNativeCode()));
        }
        candidates.add(new Candidate("OSHI (JNA)", () -> OshiCpuSource.throughJna()));
        candidates.add(new Candidate("JDK (OperatingSystemMXBean)", () -> JdkCpuSource.ofPlatform()));
        candidates.add(new Candidate("own CPU of this JVM", () -> OwnCpuSource.ofProcessors()));
        return candidates;
    }

    @Override
    public double read() {
        return reading().percent();
    }

    @Override
    public CpuReading reading() {
        if (current == null) {
            return choose();
        }
        CpuReading ofBetter = tryBetter(current);
        if (ofBetter != null) {
            return ofBetter;
        }
        boolean fault = true;
        try {
            CpuReading reading = current.source.reading();
            fault = isFault(reading);
            return reading;
        } finally {
            reads++;
            recentFaults = (recentFaults << 1 | (fault ? 1 : 0)) & RECENT;
            if (Integer.bitCount(recentFaults) >= MOST_FAULTS) {
                giveUp(current);
            }
        }
    }

    private void giveUp(Opened source) {
        failedRank = source.rank;
        current = null; // the next read chooses again
        if (reads >= MAX_INTERVAL) {
            interval = FIRST_INTERVAL; // it worked for long, so it is worth an early try
        }
    }

    private boolean isFault(CpuReading reading) {
        CpuSample.Health health = CpuSample.of(reading, reading.percent()).health();
        if (health == CpuSample.Health.OK) {
            lastReading = nanoClock.getAsLong();
            ownAtLastReading = ownNanos.getAsLong();
            return false;
        }
        return health == CpuSample.Health.FAILING || isStuck();
    }

    private boolean isStuck() {
        return nanoClock.getAsLong() - lastReading >= STUCK_NANOS
                && ownAtLastReading >= 0
                && ownNanos.getAsLong() - ownAtLastReading >= STUCK_OWN_NANOS;
    }

    private CpuReading choose() {
        List<Candidate> candidates = candidates();
        StringBuilder causes = new StringBuilder();
        if (failedRank >= 0) {
            causes.append("; previous: ").append(candidates.get(failedRank).name());
        }
        for (int rank : order(candidates.size())) {
            Candidate candidate = candidates.get(rank);
            try {
                CpuSource source = candidate.opener().get();
                CpuReading first = source.reading();
                use(new Opened(source, candidate.name(), rank), causes.toString());
                return first;
            } catch (Throwable t) { // usually an UnsatisfiedLinkError or another LinkageError
                causes.append("; ")
                        .append(candidate.name())
                        .append(" failed: ")
                        .append(CpuSample.failed(t, Double.NaN).detail());
            }
        }
        // The next read tries again. The gate logs the failure once.
        throw new IllegalStateException("no source of host CPU works" + causes);
    }

    private List<Integer> order(int candidates) {
        List<Integer> order = new ArrayList<>();
        for (int rank = 0; rank < candidates; rank++) {
            order.add(rank);
        }
        if (order.remove((Integer) failedRank)) {
            order.add(failedRank);
        }
        return order;
    }

    private void use(Opened next, String reason) {
        current = next;
        better = null;
        recentFaults = 0;
        reads = 0;
        lastReading = nanoClock.getAsLong();
        ownAtLastReading = ownNanos.getAsLong();
        readsUntilRetry = interval;
        logSource(next.name + reason);
    }

    /** Returns the reading of a better source if one takes over at this read, and otherwise null. */
    private @Nullable CpuReading tryBetter(Opened lesser) {
        Opened primed = better;
        if (primed != null) {
            better = null;
            try {
                CpuReading reading = primed.source.reading();
                if (CpuSample.of(reading, reading.percent()).isOk()) {
                    use(primed, "; previous: " + lesser.name);
                    return reading;
                }
            } catch (Throwable t) {
                // It still fails, so the lesser source stays in use.
            }
        } else if (lesser.rank > 0 && --readsUntilRetry <= 0) {
            interval = Math.min(2 * interval, MAX_INTERVAL);
            readsUntilRetry = interval;
            List<Candidate> candidates = candidates();
            for (int rank = 0; better == null && rank < lesser.rank; rank++) {
                try {
                    CpuSource source = candidates.get(rank).opener().get();
                    var unused = source.reading();
                    better = new Opened(source, candidates.get(rank).name(), rank);
                } catch (Throwable t) {
                    // As above.
                }
            }
        }
        return null;
    }

    private static void logSource(String source) {
        try {
            LOG.info("host CPU source: {}", source);
        } catch (Throwable t) {
            // A log that fails must not cost the reading.
        }
    }
}
