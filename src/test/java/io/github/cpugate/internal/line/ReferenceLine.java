package io.github.cpugate.internal.line;

import io.github.cpugate.Bottleneck;
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
 * What a waiting line must do, in the simplest code: callers are numbers, and there is only one thread. The API ceiling
 * is the real one.
 */
final class ReferenceLine {

    enum Entry {
        HELD,
        IN_LINE,
        BACKING_OFF,
        TURNED_AWAY,
        REFUSED,
        ILLEGAL
    }

    /** Called for each caller that has left the line, after all of them were decided. */
    record Callbacks(IntConsumer granted, IntConsumer refused, IntConsumer closed) {}

    private final Deque<Integer> resuming = new ArrayDeque<>(); // in line ahead of all others
    private final Deque<Integer> waiters = new ArrayDeque<>();
    private final Deque<Integer> backingOff = new ArrayDeque<>();
    private final Set<Integer> held = new HashSet<>();
    private final Map<Integer, LineSlot> sessions =
            new HashMap<>(); // the slots by which the ceiling identifies callers
    private final WaitingLine unusedLine =
            LineFixture.line().bounds(1, 1).clock(() -> 0).completer(null).build();
    private final Callbacks callbacks;
    private @Nullable ApiCeiling api;
    private int minSlots;
    private int maxSlots;
    private int limit;
    private boolean closed;
    private boolean limitReached;
    private boolean ceilingReached;
    private final Set<Integer> paused = new HashSet<>();
    private final Set<Integer> everPaused = new HashSet<>();
    private long admitted;
    private long resumed;
    private long timedOut;
    private long refusals;
    private long now;
    private Usage.Totals atStep = Usage.Totals.ZERO;
    private long nanos; // of this period
    private double slotNanos;
    private final Map<Bottleneck, Long> waited = new HashMap<>();

    ReferenceLine(int minSlots, int maxSlots, int limit, long now, Callbacks callbacks) {
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
        this.limit = limit;
        this.now = now;
        this.callbacks = callbacks;
    }

    private LineSlot session(int caller) {
        return sessions.computeIfAbsent(caller, id -> new LineSlot(unusedLine));
    }

    int allowed() {
        return api == null ? limit : api.allowed(limit, minSlots);
    }

    Entry enter(int caller, boolean waits) {
        if (closed) {
            return Entry.REFUSED;
        }
        if (held.size() < allowed()) {
            hold(caller);
            return Entry.HELD;
        }
        reached(full());
        if (waits) {
            waiters.add(caller);
        }
        return waits ? Entry.IN_LINE : Entry.TURNED_AWAY;
    }

    boolean holds(int caller) {
        return held.contains(caller);
    }

    /** Whether the caller was admitted before, and does not wait for its first slot. */
    boolean canResume(int caller) {
        return sessions.containsKey(caller) && !waiters.contains(caller);
    }

    private long backOffNanos(int caller) {
        Long retryAt = session(caller).retryAt;
        return retryAt == null ? 0 : retryAt - now;
    }

    /** Whether a back-off would be so short that its timer could end it during the run. */
    boolean wouldBackOffBriefly(int caller) {
        return backOffNanos(caller) > 0 && backOffNanos(caller) < 30_000_000_000L;
    }

    Entry resume(int caller) {
        if (session(caller).closed || resuming.contains(caller) || backingOff.contains(caller)) {
            return Entry.ILLEGAL;
        }
        if (held.contains(caller)) {
            return Entry.HELD;
        }
        if (closed) {
            return Entry.REFUSED;
        }
        backingOff.add(caller);
        if (backOffNanos(caller) > 0) {
            return Entry.BACKING_OFF;
        }
        List<Integer> fit = joinAgain(caller);
        boolean served = fit.remove((Integer) caller);
        fit.forEach(callbacks.granted::accept);
        return served ? Entry.HELD : Entry.IN_LINE;
    }

    Entry resumeNow(int caller) {
        if (session(caller).closed || resuming.contains(caller) || backingOff.contains(caller)) {
            return Entry.ILLEGAL;
        }
        if (!held.contains(caller)) {
            if (held.size() >= allowed()) {
                reached(full());
            }
            hold(caller);
        }
        return Entry.HELD;
    }

    boolean backsOff(int caller) {
        return backingOff.contains(caller);
    }

    void backOffEnded(int caller) {
        joinAgain(caller).forEach(callbacks.granted::accept);
    }

    private List<Integer> joinAgain(int caller) {
        backingOff.remove(caller);
        resuming.add(caller);
        if (api != null) {
            api.resumes(session(caller));
        }
        List<Integer> fit = admit();
        reached(bottleneck());
        return fit;
    }

    void giveUp(int caller, boolean late) {
        if ((waiters.remove(caller) || resuming.remove(caller) || backingOff.remove(caller)) && late) {
            timedOut++;
        }
    }

    void giveBack(int caller) {
        session(caller).closed = true;
        paused.remove(caller);
        if (resuming.remove(caller) || backingOff.remove(caller)) {
            callbacks.closed.accept(caller);
        }
        abandon(caller);
    }

    void pause(int caller) {
        everPaused.add(caller);
        abandon(caller);
    }

    /** The caller had left before it received its slot. */
    void abandon(int caller) {
        if (held.remove(caller)) {
            if (everPaused.contains(caller) && !session(caller).closed) {
                paused.add(caller);
            }
            if (api != null) {
                api.gaveBack(session(caller), minSlots, now);
            }
            admit().forEach(callbacks.granted::accept);
        }
    }

    void refuse(int caller, long retryNanos) {
        if (api == null) {
            api = new ApiCeiling(admitted + resumed - held.size(), now);
        }
        api.refused(session(caller), held.contains(caller) ? held.size() : held.size() + 1, minSlots, now, retryNanos);
        refusals++;
    }

    void moveLimit(int seen, int wanted) {
        if (api != null) {
            api.step(now, snapshot().ceilingReached() && held.size() <= allowed(), minSlots, maxSlots);
        }
        if (seen == limit) {
            limit = Math.max(minSlots, Math.min(maxSlots, wanted));
        }
        List<Integer> fit = admit();
        ceilingReached = false;
        reached(bottleneck());
        fit.forEach(callbacks.granted::accept);
    }

    void setBounds(int newMin, int newMax) {
        minSlots = newMin;
        maxSlots = newMax;
        limit = Math.max(newMin, Math.min(newMax, limit));
        admit().forEach(callbacks.granted::accept);
    }

    void close() {
        closed = true;
        List<Integer> all = new ArrayList<>(resuming);
        all.addAll(backingOff);
        all.addAll(waiters);
        resuming.clear();
        backingOff.clear();
        waiters.clear();
        all.forEach(callbacks.refused::accept);
    }

    void pass(long time) {
        now += time;
        nanos += time;
        slotNanos += (double) time * held.size();
        waited.merge(bottleneck(), time, Long::sum);
    }

    /** Opens the slots of the floor whose time has passed, and returns whether there were any. */
    boolean openFloor() {
        if (api == null || !api.isFloorDue(now)) {
            return false;
        }
        api.advanceTo(now);
        admit().forEach(callbacks.granted::accept);
        return true;
    }

    LineSnapshot snapshot() {
        double mean = nanos > 0 ? slotNanos / nanos : held.size();
        Bottleneck bottleneck = bottleneck();
        Usage.Totals totals = new Usage.Totals(
                admitted,
                resumed,
                timedOut,
                0,
                refusals,
                waited(Bottleneck.CPU),
                waited(Bottleneck.API),
                waited(Bottleneck.MAX_SLOTS));
        return new LineSnapshot(
                limit,
                allowed(),
                Math.max(minSlots, allowed()),
                api == null ? maxSlots : Math.max(minSlots, Math.min(maxSlots, api.slots())),
                minSlots,
                maxSlots,
                held.size(),
                waiters.size() + resuming.size(),
                paused.size(),
                backingOff.size(),
                bottleneck,
                closed,
                totals,
                totals.since(atStep),
                mean,
                limitReached || bottleneck == Bottleneck.CPU || bottleneck == Bottleneck.MAX_SLOTS,
                ceilingReached || bottleneck == Bottleneck.API,
                null);
    }

    private long waited(Bottleneck bottleneck) {
        return waited.getOrDefault(bottleneck, 0L);
    }

    private Bottleneck bottleneck() {
        return waiters.isEmpty() && resuming.isEmpty() ? Bottleneck.NONE : full();
    }

    private Bottleneck full() {
        return allowed() < limit ? Bottleneck.API : limit == maxSlots ? Bottleneck.MAX_SLOTS : Bottleneck.CPU;
    }

    private void reached(Bottleneck bottleneck) {
        limitReached |= bottleneck == Bottleneck.CPU || bottleneck == Bottleneck.MAX_SLOTS;
        ceilingReached |= bottleneck == Bottleneck.API;
    }

    LineSnapshot beginStep() {
        LineSnapshot report = snapshot();
        atStep = report.totals();
        nanos = 0;
        slotNanos = 0;
        limitReached = false;
        return report;
    }

    private void hold(int caller) {
        held.add(caller);
        if (paused.remove(caller)) {
            resumed++;
        } else {
            admitted++;
        }
        LineSlot session = session(caller);
        if (api != null) {
            api.admitted(session);
        }
    }

    private List<Integer> admit() {
        List<Integer> fit = new ArrayList<>();
        while (held.size() < allowed() && bottleneck() != Bottleneck.NONE) {
            int next = resuming.isEmpty() ? waiters.remove() : resuming.remove();
            hold(next);
            fit.add(next);
        }
        return fit;
    }
}
