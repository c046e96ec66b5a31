package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Counts what became of callers, and integrates held slots over time. Guarded by the line's lock. */
public final class Usage {

    // Since the gate was built.
    private long admitted;
    private long resumed;
    private long timedOut;
    private long rejected;
    private long refused;
    private long cpuNanos;
    private long apiNanos;
    private long maxSlotsNanos;
    private @Nullable String rejectedRetryAfter;

    private long accruedAt;

    // Since the last step.
    private Totals atStep = Totals.ZERO;
    private boolean ceilingReached;

    // In this measuring window, which began at the last step that had a reading.
    private long windowBegan;
    private double slotNanos; // slots held, integrated over time
    private boolean limitReached;

    /**
     * Counts over some time.
     *
     * @param admitted slots granted to new sessions
     * @param resumed slots granted to sessions that resume
     * @param timedOut callers that left the line because their time had passed
     * @param rejected callers that were turned away because the line was full
     * @param refused refusals by the service
     * @param cpuNanos time during which the CPU limit held callers in line back; likewise {@code apiNanos} and
     *     {@code maxSlotsNanos}
     */
    public record Totals(
            long admitted,
            long resumed,
            long timedOut,
            long rejected,
            long refused,
            long cpuNanos,
            long apiNanos,
            long maxSlotsNanos) {

        static final Totals ZERO = new Totals(0, 0, 0, 0, 0, 0, 0, 0);

        Totals since(Totals before) {
            return new Totals(
                    admitted - before.admitted,
                    resumed - before.resumed,
                    timedOut - before.timedOut,
                    rejected - before.rejected,
                    refused - before.refused,
                    cpuNanos - before.cpuNanos,
                    apiNanos - before.apiNanos,
                    maxSlotsNanos - before.maxSlotsNanos);
        }

        public Bottleneck.Times heldBack() {
            return new Bottleneck.Times(
                    Duration.ofNanos(cpuNanos), Duration.ofNanos(apiNanos), Duration.ofNanos(maxSlotsNanos));
        }
    }

    Usage(long now) {
        this.accruedAt = now;
        this.windowBegan = now;
    }

    /**
     * Adds the time since the last call. Must be called before slots are added or removed, callers come or go, or a
     * limit moves. Threads read the clock before they acquire the lock, so times may arrive out of order.
     */
    void accrue(long now, int held, Bottleneck bottleneck) {
        long span = now - accruedAt;
        if (span <= 0) {
            return;
        }
        accruedAt = now;
        slotNanos += (double) span * held;
        if (bottleneck == Bottleneck.CPU) {
            cpuNanos += span;
        } else if (bottleneck == Bottleneck.API) {
            apiNanos += span;
        } else if (bottleneck == Bottleneck.MAX_SLOTS) {
            maxSlotsNanos += span;
        }
    }

    void admitted() {
        admitted++;
    }

    void resumed() {
        resumed++;
    }

    void rejected() {
        rejected++;
    }

    void timedOut() {
        timedOut++;
    }

    /** Counts a refusal by the service, with the back-off time that the gate did not accept, or null. */
    void refused(@Nullable String rejected) {
        refused++;
        rejectedRetryAfter = rejectedRetryAfter == null ? rejected : rejectedRetryAfter;
    }

    /** A caller had to wait, or was turned away, because of this bottleneck. */
    void reached(Bottleneck bottleneck) {
        if (bottleneck == Bottleneck.API) {
            ceilingReached = true;
        } else if (bottleneck != Bottleneck.NONE) {
            limitReached = true;
        }
    }

    boolean limitReached() {
        return limitReached;
    }

    boolean ceilingReached() {
        return ceilingReached;
    }

    void beginWindow() {
        windowBegan = accruedAt;
        slotNanos = 0;
        limitReached = false;
    }

    void beginStep(Totals now) {
        atStep = now;
    }

    void endStep() {
        ceilingReached = false;
    }

    /** Slots held on average in this measuring window, weighted by time; if no time has passed, the slots held now. */
    double meanInFlight(int held) {
        long span = accruedAt - windowBegan;
        return span > 0 ? slotNanos / span : held;
    }

    /** The number of sessions that have ended or paused, given how many slots are held. */
    long ended(int held) {
        return admitted + resumed - held;
    }

    @Nullable
    String rejectedRetryAfter() {
        return rejectedRetryAfter;
    }

    Totals totals() {
        return new Totals(admitted, resumed, timedOut, rejected, refused, cpuNanos, apiNanos, maxSlotsNanos);
    }

    Totals sinceStep(Totals now) {
        return now.since(atStep);
    }
}
