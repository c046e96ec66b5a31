package io.github.cpugate.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The best of several sources that works on this host.
 *
 * <p>On Linux OSHI can do without native code, and is asked to first: JNA unpacks a library into home or tmp and throws
 * {@code UnsatisfiedLinkError} where neither can be written, and loading it draws a warning from JDK 24 on.
 *
 * <p>No fault pins a lesser source for good: one that fails {@value #FAILURES} times in a row gives way to the next,
 * and while a lesser one serves, the better ones are tried now and then. A better one takes over at the read after the
 * one that primed it, so that there is a reading at each.
 */
class HostCpuSource implements CpuSource {

    /** A source by name, not opened yet: opening may throw anything, an {@code Error} too. */
    record Candidate(String name, Supplier<CpuSource> opener) {}

    private static final int FAILURES = 3;
    private static final int FIRST_PAUSE = 8; // reads until better ones are tried; twice as many after each try
    private static final int LONGEST_PAUSE = 1024;

    private @Nullable Serving serving;
    private @Nullable Serving better; // primed at the last read
    private int failures; // of the serving one, in a row
    private int lastToTry = -1; // of the candidates: the one that has just failed
    private int pause = FIRST_PAUSE;
    private int readsUntilTry;

    /** A source that has been opened and read once; {@code rank} 0 is the best. */
    private record Serving(CpuSource source, String name, int rank) {}

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
        if (serving == null) {
            return choose();
        }
        CpuReading ofBetter = tryBetter(serving);
        if (ofBetter != null) {
            return ofBetter;
        }
        try {
            CpuReading reading = serving.source.reading();
            failures = isFault(reading) ? failures + 1 : 0;
            return reading;
        } catch (Throwable t) {
            failures++;
            throw t;
        } finally {
            if (failures >= FAILURES) {
                lastToTry = serving.rank;
                serving = null; // the next read chooses anew
                failures = 0;
            }
        }
    }

    private static boolean isFault(CpuReading reading) {
        return CpuSample.of(reading, reading.percent()).health() == CpuSample.Health.FAILING;
    }

    private CpuReading choose() {
        List<Candidate> candidates = candidates();
        StringBuilder refusals = new StringBuilder();
        if (lastToTry >= 0) {
            refusals.append("; no longer through ")
                    .append(candidates.get(lastToTry).name());
        }
        for (int rank : order(candidates.size())) {
            Candidate candidate = candidates.get(rank);
            try {
                CpuSource source = candidate.opener().get();
                CpuReading first = source.reading();
                serve(new Serving(source, candidate.name(), rank), refusals.toString());
                return first;
            } catch (Throwable t) { // UnsatisfiedLinkError and its kin are what is expected here
                refusals.append("; not through ")
                        .append(candidate.name())
                        .append(": ")
                        .append(CpuSample.failed(t, Double.NaN).detail());
            }
        }
        // Tried again at the next read. The gate logs it once.
        throw new IllegalStateException("no source of host CPU" + refusals);
    }

    private List<Integer> order(int candidates) {
        List<Integer> order = new ArrayList<>();
        for (int rank = 0; rank < candidates; rank++) {
            order.add(rank);
        }
        if (order.remove((Integer) lastToTry)) {
            order.add(lastToTry);
        }
        return order;
    }

    private void serve(Serving next, String why) {
        serving = next;
        better = null;
        failures = 0;
        readsUntilTry = pause;
        sayWhichServes(next.name + why);
    }

    /** Returns the reading of a better source that serves from now on; null if there is none. */
    private @Nullable CpuReading tryBetter(Serving lesser) {
        Serving primed = better;
        if (primed != null) {
            better = null;
            try {
                CpuReading reading = primed.source.reading();
                if (CpuSample.of(reading, reading.percent()).isOk()) {
                    serve(primed, "; no longer through " + lesser.name);
                    return reading;
                }
            } catch (Throwable t) {
                // It still fails; the lesser one serves on.
            }
        } else if (lesser.rank > 0 && --readsUntilTry <= 0) {
            pause = Math.min(2 * pause, LONGEST_PAUSE);
            readsUntilTry = pause;
            List<Candidate> candidates = candidates();
            for (int rank = 0; better == null && rank < lesser.rank; rank++) {
                try {
                    CpuSource source = candidates.get(rank).opener().get();
                    var unused = source.reading();
                    better = new Serving(source, candidates.get(rank).name(), rank);
                } catch (Throwable t) {
                    // As above.
                }
            }
        }
        return null;
    }

    private static void sayWhichServes(String which) {
        try {
            LoggerFactory.getLogger(CpuSampler.class).info("host CPU is read through {}", which);
        } catch (Throwable t) {
            // A log at fault is no reason to do without a reading.
        }
    }
}
