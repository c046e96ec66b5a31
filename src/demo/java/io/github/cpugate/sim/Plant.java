package io.github.cpugate.sim;

import java.util.PriorityQueue;
import java.util.function.DoubleUnaryOperator;

/**
 * A host in virtual time: so many cores, shared by what wants to run.
 *
 * <p>Each running session asks for some cores, and the host's background for some. While all of it fits, everybody gets
 * what it asked for; beyond, everybody gets the same share of it (processor sharing). So the progress of all running
 * sessions is one clock, which slows down under overload, and a session's end is a fixed time on it.
 *
 * <p>Background is asked for once a second. Times are seconds, work is core-seconds.
 */
final class Plant {

    /** What happens at a time. */
    private record Event(double at, long order, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at == other.at ? Long.compare(order, other.order) : Double.compare(at, other.at);
        }
    }

    private record Running(double endsAt, long order, double demand, int owner, Runnable atEnd)
            implements Comparable<Running> {
        @Override
        public int compareTo(Running other) {
            return endsAt == other.endsAt ? Long.compare(order, other.order) : Double.compare(endsAt, other.endsAt);
        }
    }

    private final double cores;
    private final DoubleUnaryOperator background;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final PriorityQueue<Running> running = new PriorityQueue<>();

    private double now;
    private long order; // events of one moment happen in the order in which they were asked for
    private double progress; // the clock of running sessions
    private double foreign; // cores that the background asks for
    private final double[] demand; // cores that each owner's sessions ask for
    private double busy; // core-seconds used so far
    private final double[] used; // core-seconds used so far by each owner's sessions
    private double wanted; // core-seconds that the background has asked for so far

    Plant(double cores, int owners, DoubleUnaryOperator background) {
        this.cores = cores;
        this.background = background;
        this.demand = new double[owners];
        this.used = new double[owners];
        everySecond();
    }

    private void everySecond() {
        foreign = background.applyAsDouble(now);
        at(now + 1, this::everySecond);
    }

    double now() {
        return now;
    }

    double busy() {
        return busy;
    }

    double used(int owner) {
        return used[owner];
    }

    double wanted() {
        return wanted;
    }

    void at(double time, Runnable action) {
        events.add(new Event(time, order++, action));
    }

    /** Runs a session that asks for {@code cores} over {@code seconds}, and longer if it does not get them. */
    void run(int owner, double cores, double seconds, Runnable atEnd) {
        demand[owner] += cores;
        running.add(new Running(progress + seconds, order++, cores, owner, atEnd));
    }

    /** Ends all running sessions of an owner without their {@code atEnd}. */
    void kill(int owner) {
        running.removeIf(each -> each.owner == owner);
        demand[owner] = 0;
    }

    /** Lets everything happen up to {@code time}. */
    void advanceTo(double time) {
        while (true) {
            double share = share();
            Running first = running.peek();
            double ends = first == null ? Double.POSITIVE_INFINITY : now + (first.endsAt - progress) / share;
            double next = Math.min(ends, events.peek().at);
            if (next > time) {
                elapse(time - now, share);
                now = time;
                return;
            }
            elapse(next - now, share);
            now = next;
            if (ends <= next) {
                running.remove();
                progress = first.endsAt;
                // Not below 0 by rounding: progress would go back.
                demand[first.owner] = running.isEmpty() ? 0 : Math.max(0, demand[first.owner] - first.demand);
                first.atEnd.run();
            } else {
                events.remove().action.run();
            }
        }
    }

    private double asked() {
        double asked = foreign;
        for (double each : demand) {
            asked += each;
        }
        return asked;
    }

    private double share() {
        return Math.min(1, cores / asked());
    }

    private void elapse(double seconds, double share) {
        progress += seconds * share;
        busy += seconds * share * asked();
        wanted += seconds * foreign;
        for (int i = 0; i < demand.length; i++) {
            used[i] += seconds * share * demand[i];
        }
    }
}
