package io.github.cpugate.sim;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Queue;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A queue that hides a session which a worker has taken. After a visibility timeout the session is back, as the first
 * in line, unless it is done or its worker renews the timeout.
 *
 * <p>A worker does not learn that another one has its session too, or has done it: it runs the session to its end.
 */
final class FleetQueue {

    /** A session that a worker has taken. */
    static final class Delivery {
        final int session;
        private final BooleanSupplier workerLives;
        private double due; // when it is renewed, or else visible
        private boolean ended;

        private Delivery(int session, BooleanSupplier workerLives, double due) {
            this.session = session;
            this.workerLives = workerLives;
            this.due = due;
        }
    }

    private final int sessions;
    private final double timeout;
    private final double renewal; // from one to the next
    private final Queue<Delivery> hidden = new ArrayDeque<>(); // by due
    private final Queue<Delivery> abandoned = new ArrayDeque<>(); // those that nobody renews any more, by due
    private final Queue<Integer> back = new ArrayDeque<>();
    private final BitSet done = new BitSet();
    private int next;
    private int undone;
    private double lastEnd;
    private boolean foundEmpty;
    private long again;
    private long polls;
    private int[] pollsInSecond = new int[4096];

    /** A queue with so many sessions; workers renew the timeout each third of it, or not at all. */
    FleetQueue(int sessions, double timeout, boolean renews) {
        this.sessions = sessions;
        this.undone = sessions;
        this.timeout = timeout;
        this.renewal = renews ? timeout / 3 : timeout;
    }

    /** Takes the next session, or returns null if none is visible. */
    @Nullable
    Delivery poll(double now, BooleanSupplier workerLives) {
        polls++;
        int second = (int) now;
        if (second >= pollsInSecond.length) {
            pollsInSecond = Arrays.copyOf(pollsInSecond, 2 * second);
        }
        pollsInSecond[second]++;
        Integer session = back.poll();
        while (session != null && done.get(session)) {
            session = back.poll();
        }
        if (session == null) {
            if (next == sessions) {
                foundEmpty = true;
                return null;
            }
            session = next++;
        }
        Delivery delivery = new Delivery(session, workerLives, now + renewal);
        hidden.add(delivery);
        return delivery;
    }

    /** A worker has done the session. */
    void end(Delivery delivery, double now) {
        delivery.ended = true;
        if (done.get(delivery.session)) {
            again++;
            return;
        }
        done.set(delivery.session);
        undone--;
        lastEnd = Math.max(lastEnd, now);
    }

    /** Lets time pass: workers renew timeouts, or sessions are back. */
    void advanceTo(double now) {
        for (Delivery first = hidden.peek(); first != null && first.due <= now; first = hidden.peek()) {
            hidden.remove();
            if (first.ended) {
                continue;
            }
            boolean renews = renewal < timeout && first.workerLives.getAsBoolean();
            first.due += renews ? renewal : timeout - renewal;
            (renews ? hidden : abandoned).add(first);
        }
        for (Delivery first = abandoned.peek(); first != null && first.due <= now; first = abandoned.peek()) {
            back.add(abandoned.remove().session);
        }
    }

    /** Whether no worker has found it empty yet. */
    boolean hasSessions() {
        return !foundEmpty;
    }

    int undone() {
        return undone;
    }

    /** When the last session was done. */
    double lastEnd() {
        return lastEnd;
    }

    /** How often a session was done that was done already. */
    long again() {
        return again;
    }

    long polls() {
        return polls;
    }

    /** In the second that had the most of them. */
    long mostPolls() {
        return Arrays.stream(pollsInSecond).max().orElseThrow();
    }
}
