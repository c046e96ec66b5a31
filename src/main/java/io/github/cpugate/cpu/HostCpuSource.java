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
 * <p>No choice is permanent. A source that has too many {@link Faults} is replaced by the next candidate that works;
 * after the last comes the first, since the one after a bad source may be as bad. While a lesser source is in use, the
 * better ones are retried at growing intervals. A better source is primed at one read and takes over when it has a
 * reading, so the change costs no reading.
 */
class HostCpuSource implements CpuSource {

    /** A source that is not open yet. Opening it may throw anything, an {@code Error} included. */
    record Candidate(String name, Supplier<CpuSource> opener) {}

    private static final Log LOG = new Log(CpuSampler.class.getName());
    private static final int FIRST_INTERVAL = 8; // reads until better sources are retried; doubled at each retry
    private static final int MAX_INTERVAL = 1024;

    private static final long LONGEST_PRIMING_NANOS = 1_000_000_000; // OSHI has new counters every 300 ms

    private final LongSupplier nanoClock;
    private final Faults faults; // of the current source
    private @Nullable Opened current;
    private long reads; // of the current source
    private @Nullable Opened better; // primed at an earlier read
    private long betterPrimed; // when
    private int lastRetried = -1; // rank
    private int firstToTry; // rank
    private int interval = FIRST_INTERVAL;
    private int readsUntilRetry;

    HostCpuSource() {
        this(new ProcessCpu(), System::nanoTime);
    }

    HostCpuSource(LongSupplier ownNanos, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.faults = new Faults(ownNanos, nanoClock);
    }

    /** A source that has been opened and read once; {@code rank} 0 is the best. */
    private record Opened(CpuSource source, String name, int rank) {}

    /**
     * Returns the sources to try, the best first. Not called before the first read; tests override it. The openers are
     * lambda expressions, so that a class of OSHI that is missing or of another version fails the opener and not this.
     */
    List<Candidate> candidates() {
        List<Candidate> candidates = new ArrayList<>();
        boolean linux = System.getProperty("os.name", "").startsWith("Linux");
        if (linux) {
            candidates.add(new Candidate("OSHI without native code", () -> OshiCpuSource.withoutNativeCode()));
        }
        candidates.add(new Candidate("OSHI (JNA)", () -> OshiCpuSource.throughJna()));
        candidates.add(
                linux
                        ? new Candidate("/proc/stat", () -> ProcStatCpuSource.ofThisHost())
                        : new Candidate("JDK (OperatingSystemMXBean)", () -> JdkCpuSource.ofPlatform()));
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
        Opened source = current;
        reads++;
        try {
            CpuReading reading = source.source.reading();
            faults.add(reading);
            return reading;
        } catch (Throwable t) {
            faults.addFailure();
            throw t;
        } finally {
            if (faults.areTooMany()) {
                giveUp(source);
            }
        }
    }

    private void giveUp(Opened source) {
        firstToTry = source.rank + 1;
        current = null; // the next read chooses again
        if (reads >= MAX_INTERVAL) {
            interval = FIRST_INTERVAL; // it worked for long, so it is worth an early try
        }
    }

    private CpuReading choose() {
        List<Candidate> candidates = candidates();
        int count = candidates.size();
        StringBuilder causes = new StringBuilder();
        if (firstToTry > 0) {
            causes.append("; previous: ").append(candidates.get(firstToTry - 1).name());
        }
        for (int i = 0; i < count; i++) {
            int rank = (firstToTry + i) % count;
            Candidate candidate = candidates.get(rank);
            try {
                CpuSource source = candidate.opener().get();
                CpuReading reading = source.reading();
                faults.reset();
                faults.add(reading);
                use(new Opened(source, candidate.name(), rank), causes.toString());
                return reading;
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

    private void use(Opened next, String reason) {
        current = next;
        better = null;
        reads = 0;
        readsUntilRetry = interval;
        logSource(next.name + reason);
    }

    /** Returns the reading of a better source if one takes over at this read, and otherwise null. */
    private @Nullable CpuReading tryBetter(Opened lesser) {
        Opened primed = better;
        if (primed != null) {
            try {
                CpuReading reading = primed.source.reading();
                if (CpuSample.of(reading, reading.percent()).isOk()) {
                    faults.reset();
                    faults.add(reading);
                    use(primed, "; previous: " + lesser.name);
                    return reading;
                }
                // Steps may come faster than the source has new counters.
                better = nanoClock.getAsLong() - betterPrimed < LONGEST_PRIMING_NANOS ? primed : null;
            } catch (Throwable t) {
                better = null; // it still fails, so the lesser source stays in use
            }
        } else if (lesser.rank > 0 && --readsUntilRetry <= 0) {
            interval = Math.min(2 * interval, MAX_INTERVAL);
            readsUntilRetry = interval;
            primeABetterSource(lesser.rank);
        }
        return null;
    }

    /** Primes one of the sources before a rank; begins after the one that was tried last, which may hide the others. */
    private void primeABetterSource(int ranks) {
        List<Candidate> candidates = candidates();
        for (int i = 0; better == null && i < ranks; i++) {
            lastRetried = (lastRetried + 1) % ranks;
            try {
                Candidate candidate = candidates.get(lastRetried);
                CpuSource source = candidate.opener().get();
                var unused = source.reading();
                better = new Opened(source, candidate.name(), lastRetried);
                betterPrimed = nanoClock.getAsLong();
            } catch (Throwable t) {
                // The next one is tried.
            }
        }
    }

    private static void logSource(String source) {
        try {
            LOG.info("host CPU source: {}", source);
        } catch (Throwable t) {
            // A log that fails must not cost the reading.
        }
    }
}
