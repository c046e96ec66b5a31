package io.github.cpugate.cpu;

import java.util.function.LongSupplier;

/**
 * Judges a source by its last 8 reads. A read is a fault if it threw, if it returned a value that is neither a
 * percentage nor {@code NaN}, or if there has been no reading for at least a second in which this JVM used CPU. Some
 * sandboxes show counters that never move; but a source that is read too soon after the last time has no reading
 * without being at fault.
 */
final class Faults {

    private static final int MOST = 3;
    private static final int RECENT = 0xFF; // the last 8 reads, a bit each
    private static final long STUCK_NANOS = 1_000_000_000; // OSHI has new counters every 300 ms
    private static final long STUCK_OWN_NANOS = 20_000_000; // two ticks

    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;
    private int recent; // bit 0 is the last read, and 1 is a fault
    private long lastReading; // when the source was opened or had a reading
    private long ownAtLastReading;
    private boolean proven; // whether the source has had a reading

    Faults(LongSupplier ownNanos, LongSupplier nanoClock) {
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /** Forgets all reads, for a source that has just been opened. */
    void reset() {
        recent = 0;
        proven = false;
        mark();
    }

    private void mark() {
        lastReading = nanoClock.getAsLong();
        ownAtLastReading = ownNanos.getAsLong();
    }

    /** Adds a read that returned. */
    void add(CpuReading reading) {
        CpuSample.Health health = CpuSample.of(reading, reading.percent()).health();
        if (health == CpuSample.Health.OK) {
            proven = true;
            mark();
            add(false);
        } else {
            add(health == CpuSample.Health.FAILING || isStuck());
        }
    }

    /** Adds a read that threw. */
    void addFailure() {
        add(true);
    }

    private void add(boolean fault) {
        recent = (recent << 1 | (fault ? 1 : 0)) & RECENT;
    }

    private boolean isStuck() {
        return nanoClock.getAsLong() - lastReading >= STUCK_NANOS
                && ownAtLastReading >= 0
                && ownNanos.getAsLong() - ownAtLastReading >= STUCK_OWN_NANOS;
    }

    /** Whether another source should serve: after three faults, or after the first one if there was no reading yet. */
    boolean areTooMany() {
        return Integer.bitCount(recent) >= (proven ? MOST : 1);
    }
}
