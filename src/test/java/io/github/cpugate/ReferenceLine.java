package io.github.cpugate;

import io.github.cpugate.Binding.Side;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What a waiting line has to do, as plainly as it can be said: callers are numbers, and there is but one thread. How
 * high the API ceiling is, it asks the real one.
 */
final class ReferenceLine {

    enum Entry {
        HELD,
        IN_LINE,
        AT_REST,
        TURNED_AWAY,
        REFUSED,
        ILLEGAL
    }

    /** Told who has left the line, once it has been decided about all. */
    record Told(IntConsumer granted, IntConsumer refused, IntConsumer closed) {}

    private final Deque<Integer> resuming = new ArrayDeque<>(); // in line before all others
    private final Deque<Integer> waiters = new ArrayDeque<>();
    private final Deque<Integer> resting = new ArrayDeque<>();
    private final Set<Integer> held = new HashSet<>();
    private final Map<Integer, Slot> sessions = new HashMap<>(); // what the ceiling knows them by
    private final WaitingLine nowhere = new WaitingLine("reference", 1, 1, 1, () -> 0, 0, null);
    private final Told told;
    private @Nullable ApiCeiling api;
    private int minSlots;
    private int maxSlots;
    private int limit;
    private boolean closed;
    private boolean limitReached;
    private boolean ceilingReached;
    private long admitted;
    private long timedOut;
    private long refusals;
    private long now;
    private long nanos; // of this period
    private double slotNanos;
    private final Map<Side, Long> waited = new HashMap<>();

    ReferenceLine(int minSlots, int maxSlots, int limit, long now, Told told) {
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.limit = limit;
        this.now = now;
        this.told = told;
    }

    private Slot session(int who) {
        return sessions.computeIfAbsent(who, id -> new Slot(nowhere));
    }

    int allowed() {
        return api == null ? limit : api.allowed(limit, minSlots);
    }

    Entry enter(int who, boolean waits) {
        if (closed) {
            return Entry.REFUSED;
        }
        if (held.size() < allowed()) {
            hold(who);
            return Entry.HELD;
        }
        reached(full());
        if (waits) {
            waiters.add(who);
        }
        return waits ? Entry.IN_LINE : Entry.TURNED_AWAY;
    }

    boolean holds(int who) {
        return held.contains(who);
    }

    /** Whether it has been admitted once, and is not on its way back. */
    boolean canResume(int who) {
        return sessions.containsKey(who) && !waiters.contains(who);
    }

    private long nanosToRest(int who) {
        Long retryAt = session(who).retryAt;
        return retryAt == null ? 0 : retryAt - now;
    }

    /** So that its rest could end by itself while this runs. */
    boolean wouldRestBriefly(int who) {
        return nanosToRest(who) > 0 && nanosToRest(who) < 30_000_000_000L;
    }

    Entry resume(int who) {
        if (session(who).closed || resuming.contains(who) || resting.contains(who)) {
            return Entry.ILLEGAL;
        }
        if (held.contains(who)) {
            return Entry.HELD;
        }
        if (closed) {
            return Entry.REFUSED;
        }
        resting.add(who);
        if (nanosToRest(who) > 0) {
            return Entry.AT_REST;
        }
        List<Integer> fit = lineUpAgain(who);
        boolean served = fit.remove((Integer) who);
        fit.forEach(told.granted::accept);
        return served ? Entry.HELD : Entry.IN_LINE;
    }

    boolean rests(int who) {
        return resting.contains(who);
    }

    void rested(int who) {
        lineUpAgain(who).forEach(told.granted::accept);
    }

    private List<Integer> lineUpAgain(int who) {
        resting.remove(who);
        resuming.add(who);
        if (api != null && session(who).retryAt != null) {
            api.isBack();
        }
        List<Integer> fit = admit();
        reached(binding());
        return fit;
    }

    void giveUp(int who, boolean late) {
        if ((waiters.remove(who) || resuming.remove(who) || resting.remove(who)) && late) {
            timedOut++;
        }
    }

    void leave(int who) {
        session(who).closed = true;
        if (resuming.remove(who) || resting.remove(who)) {
            told.closed.accept(who);
        }
        pause(who);
    }

    void pause(int who) {
        if (held.remove(who)) {
            if (api != null) {
                api.leaves(session(who), minSlots, now);
            }
            admit().forEach(told.granted::accept);
        }
    }

    void refuse(int who, long retryNanos) {
        if (api == null) {
            api = new ApiCeiling(admitted - held.size(), now);
        }
        api.refused(session(who), held.contains(who) ? held.size() : held.size() + 1, now, retryNanos);
        refusals++;
    }

    void moveLimit(int seen, int wanted) {
        if (api != null) {
            api.step(now, report().ceilingReached() && held.size() <= allowed(), minSlots, maxSlots);
        }
        if (seen == limit) {
            limit = Math.max(minSlots, Math.min(maxSlots, wanted));
        }
        List<Integer> fit = admit();
        ceilingReached = false;
        reached(binding());
        fit.forEach(told.granted::accept);
    }

    void setBounds(int newMin, int newMax) {
        minSlots = newMin;
        maxSlots = newMax;
        limit = Math.max(newMin, Math.min(newMax, limit));
        admit().forEach(told.granted::accept);
    }

    void close() {
        closed = true;
        List<Integer> all = new ArrayList<>(resuming);
        all.addAll(resting);
        all.addAll(waiters);
        resuming.clear();
        resting.clear();
        waiters.clear();
        all.forEach(told.refused::accept);
    }

    void pass(long time) {
        now += time;
        nanos += time;
        slotNanos += (double) time * held.size();
        waited.merge(binding(), time, Long::sum);
    }

    LineReport report() {
        double mean = nanos > 0 ? slotNanos / nanos : held.size();
        Side side = binding();
        return new LineReport(
                limit,
                allowed(),
                api == null ? maxSlots : Math.max(minSlots, Math.min(maxSlots, api.slots())),
                minSlots,
                maxSlots,
                held.size(),
                waiters.size() + resuming.size(),
                side,
                closed,
                new Usage.Totals(
                        admitted, timedOut, refusals, waited(Side.CPU), waited(Side.API), waited(Side.MAX_SLOTS)),
                mean,
                limitReached || side == Side.CPU || side == Side.MAX_SLOTS,
                ceilingReached || side == Side.API,
                null);
    }

    private long waited(Side side) {
        return waited.getOrDefault(side, 0L);
    }

    private Side binding() {
        return waiters.isEmpty() && resuming.isEmpty() ? Side.NONE : full();
    }

    private Side full() {
        return allowed() < limit ? Side.API : limit == maxSlots ? Side.MAX_SLOTS : Side.CPU;
    }

    private void reached(Side side) {
        limitReached |= side == Side.CPU || side == Side.MAX_SLOTS;
        ceilingReached |= side == Side.API;
    }

    LineReport endPeriod() {
        LineReport report = report();
        nanos = 0;
        slotNanos = 0;
        limitReached = false;
        return report;
    }

    private void hold(int who) {
        held.add(who);
        admitted++;
        Slot session = session(who);
        if (api != null) {
            api.admitted(session);
        }
    }

    private List<Integer> admit() {
        List<Integer> fit = new ArrayList<>();
        while (held.size() < allowed() && binding() != Side.NONE) {
            int next = resuming.isEmpty() ? waiters.remove() : resuming.remove();
            hold(next);
            fit.add(next);
        }
        return fit;
    }
}
