package io.github.cpugate.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How many requests a service serves at once, and a record of those that it refused. Thread-safe.
 *
 * <p>Its limit may be another one in each part of a batch, as that of a service that others use as well.
 */
public final class ApiLimit {

    /** Seconds after which it tells whom it refuses to come again. */
    static final String RETRY_AFTER = "1";

    private static final double FOUND_WITHIN_SECONDS = 20; // ten periods of the gate

    private final List<Integer> parts;
    private final long start = System.nanoTime();
    private final List<Double> changes = new ArrayList<>(List.of(0.0)); // when each part began
    private final List<Double> served = new ArrayList<>();
    private final List<Double> refused = new ArrayList<>();
    private int running;

    /** A limit of so many requests at once, in equal parts of a batch. */
    ApiLimit(List<Integer> parts) {
        this.parts = List.copyOf(parts);
    }

    /** Whether one more request is served; if so, {@link #end} is due. */
    synchronized boolean begin() {
        boolean fits = running < now();
        (fits ? served : refused).add(seconds());
        running += fits ? 1 : 0;
        return fits;
    }

    synchronized void end() {
        running--;
    }

    /** The batch has come so far. */
    synchronized void progress(int done, int sessions) {
        while (changes.size() < parts.size() && (long) done * parts.size() >= (long) sessions * changes.size()) {
            changes.add(seconds());
        }
    }

    synchronized int now() {
        return parts.get(changes.size() - 1);
    }

    /**
     * Requests, and those that were refused; {@code late} ones of them ten periods of the gate after a change or later.
     */
    record Refusals(int requests, int refused, int lateRequests, int late) {

        double percent() {
            return 100.0 * refused / requests;
        }

        double latePercent() {
            return lateRequests == 0 ? Double.NaN : 100.0 * late / lateRequests;
        }
    }

    synchronized Refusals refusals() {
        int late = late(refused);
        return new Refusals(served.size() + refused.size(), refused.size(), late(served) + late, late);
    }

    private int late(List<Double> times) {
        return (int) times.stream()
                .filter(time ->
                        changes.stream().allMatch(change -> time < change || time - change >= FOUND_WITHIN_SECONDS))
                .count();
    }

    private double seconds() {
        return (System.nanoTime() - start) / (double) TimeUnit.SECONDS.toNanos(1);
    }
}
