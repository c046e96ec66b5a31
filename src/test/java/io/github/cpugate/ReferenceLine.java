package io.github.cpugate;

import io.github.cpugate.Binding.Side;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;

/** What a waiting line has to do, as plainly as it can be said: callers are numbers, and there is but one thread. */
final class ReferenceLine {

    enum Entry {
        HELD,
        IN_LINE,
        TURNED_AWAY,
        REFUSED
    }

    private final Deque<Integer> waiters = new ArrayDeque<>();
    private final Set<Integer> held = new HashSet<>();
    private final IntConsumer granted;
    private final IntConsumer refused;
    private int minSlots;
    private int maxSlots;
    private int limit;
    private boolean closed;
    private boolean limitReached;
    private long admitted;
    private long timedOut;
    private long nanos;
    private double slotNanos;
    private long cpuNanos; // for which the limit kept callers in line
    private long maxSlotsNanos; // for which maxSlots did

    /** Makes a line that tells {@code granted} and {@code refused} who has left it, once it has decided about all. */
    ReferenceLine(int minSlots, int maxSlots, int limit, IntConsumer granted, IntConsumer refused) {
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.limit = limit;
        this.granted = granted;
        this.refused = refused;
    }

    Entry enter(int who, boolean waits) {
        if (closed) {
            return Entry.REFUSED;
        }
        if (held.size() < limit) {
            held.add(who);
            admitted++;
            return Entry.HELD;
        }
        limitReached = true;
        if (waits) {
            waiters.add(who);
        }
        return waits ? Entry.IN_LINE : Entry.TURNED_AWAY;
    }

    boolean holds(int who) {
        return held.contains(who);
    }

    void giveUp(int who, boolean late) {
        if (waiters.remove(who) && late) {
            timedOut++;
        }
    }

    void leave(int who) {
        if (held.remove(who)) {
            admit().forEach(granted::accept);
        }
    }

    void moveLimit(int seen, int wanted) {
        List<Integer> fit = List.of();
        if (seen == limit) {
            limit = Math.max(minSlots, Math.min(maxSlots, wanted));
            fit = admit();
        }
        limitReached |= !waiters.isEmpty();
        fit.forEach(granted::accept);
    }

    void setBounds(int newMin, int newMax) {
        minSlots = newMin;
        maxSlots = newMax;
        limit = Math.max(newMin, Math.min(newMax, limit));
        admit().forEach(granted::accept);
    }

    void close() {
        closed = true;
        List<Integer> all = new ArrayList<>(waiters);
        waiters.clear();
        all.forEach(refused::accept);
    }

    void pass(long time) {
        nanos += time;
        slotNanos += (double) time * held.size();
        cpuNanos += binding() == Side.CPU ? time : 0;
        maxSlotsNanos += binding() == Side.MAX_SLOTS ? time : 0;
    }

    LineReport report() {
        double mean = nanos > 0 ? slotNanos / nanos : held.size();
        boolean reached = limitReached || !waiters.isEmpty();
        return new LineReport(
                limit,
                limit,
                maxSlots,
                minSlots,
                maxSlots,
                held.size(),
                waiters.size(),
                binding(),
                closed,
                new Usage.Totals(admitted, timedOut, 0, cpuNanos, 0, maxSlotsNanos),
                mean,
                reached,
                false,
                null);
    }

    private Side binding() {
        return waiters.isEmpty() ? Side.NONE : limit == maxSlots ? Side.MAX_SLOTS : Side.CPU;
    }

    LineReport endPeriod() {
        LineReport report = report();
        nanos = 0;
        slotNanos = 0;
        limitReached = false;
        return report;
    }

    private List<Integer> admit() {
        List<Integer> fit = new ArrayList<>();
        while (held.size() < limit && !waiters.isEmpty()) {
            int next = waiters.remove();
            held.add(next);
            admitted++;
            fit.add(next);
        }
        return fit;
    }
}
