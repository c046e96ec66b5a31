package io.github.cpugate;

import io.github.cpugate.Binding.Side;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What became of callers, and what slots came to over time. Guarded by the line's lock. */
final class Usage {

    // Since the gate was built.
    private long admitted;
    private long timedOut;
    private long refused;
    private long cpuNanos;
    private long apiNanos;
    private long maxSlotsNanos;
    private @Nullable String oddity;

    private long accruedAt;

    // In this period, which began when the last one was ended.
    private long periodBegan;
    private double slotNanos; // slots held, integrated over time
    private boolean limitReached;

    private boolean ceilingReached; // since the last step

    /**
     * Counts since the gate was built, or since some moment.
     *
     * @param cpuNanos for which callers in line were held back by that side; as with the others
     */
    record Totals(long admitted, long timedOut, long refused, long cpuNanos, long apiNanos, long maxSlotsNanos) {

        static final Totals ZERO = new Totals(0, 0, 0, 0, 0, 0);

        Totals since(Totals before) {
            return new Totals(
                    admitted - before.admitted,
                    timedOut - before.timedOut,
                    refused - before.refused,
                    cpuNanos - before.cpuNanos,
                    apiNanos - before.apiNanos,
                    maxSlotsNanos - before.maxSlotsNanos);
        }

        Binding binding(Side side) {
            return new Binding(
                    side, Duration.ofNanos(cpuNanos), Duration.ofNanos(apiNanos), Duration.ofNanos(maxSlotsNanos));
        }
    }

    Usage(long now) {
        this.accruedAt = now;
        this.periodBegan = now;
    }

    /**
     * To be called before slots are added or removed, callers come or go, or a limit moves. Threads read the clock
     * before the lock: times come disordered.
     */
    void accrue(long now, int held, Side side) {
        long span = now - accruedAt;
        if (span <= 0) {
            return;
        }
        accruedAt = now;
        slotNanos += (double) span * held;
        if (side == Side.CPU) {
            cpuNanos += span;
        } else if (side == Side.API) {
            apiNanos += span;
        } else if (side == Side.MAX_SLOTS) {
            maxSlotsNanos += span;
        }
    }

    void admitted() {
        admitted++;
    }

    void timedOut() {
        timedOut++;
    }

    /** The service refused, and said what was not believed, or null. */
    void refused(@Nullable String said) {
        refused++;
        oddity = oddity == null ? said : oddity;
    }

    /** A caller had to stand in line, or was sent away. */
    void reached(Side side) {
        if (side == Side.API) {
            ceilingReached = true;
        } else if (side != Side.NONE) {
            limitReached = true;
        }
    }

    /** Whether callers ran into the policy's limit in this period. */
    boolean limitReached() {
        return limitReached;
    }

    /** Whether they ran into the API ceiling since the last step. */
    boolean ceilingReached() {
        return ceilingReached;
    }

    void endPeriod() {
        periodBegan = accruedAt;
        slotNanos = 0;
        limitReached = false;
    }

    void endStep() {
        ceilingReached = false;
    }

    /** Slots held in the period on average, weighted by time; if it has lasted for none, those held now. */
    double meanInFlight(int held) {
        long span = accruedAt - periodBegan;
        return span > 0 ? slotNanos / span : held;
    }

    /** How many sessions have ended, if so many are held. */
    long ended(int held) {
        return admitted - held;
    }

    /** What the service said first that was not believed. */
    @Nullable
    String oddity() {
        return oddity;
    }

    Totals totals() {
        return new Totals(admitted, timedOut, refused, cpuNanos, apiNanos, maxSlotsNanos);
    }
}
