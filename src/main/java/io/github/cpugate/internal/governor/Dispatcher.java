package io.github.cpugate.internal.governor;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
import io.github.cpugate.internal.DaemonThreads;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Calls listeners with one event after the other.
 *
 * <p>On a gate that is not manual, one thread, started with the first event, delivers the events, so that a thread that
 * adds one does not wait for a listener. On a manual gate, and once the gate is closed, the thread that adds an event
 * delivers it. Each listener has a queue of its own, so that {@code close} can serve the others on threads of their own
 * while one of them hangs.
 */
final class Dispatcher {

    /** At most this number of events waits for a listener: half an hour of steps at the default period. */
    private static final int MAX_PENDING = 1000;

    private final String threadName;
    private final boolean manual;
    private final GateLog log;
    private final FaultLog overflow;
    final AtomicLong dropped = new AtomicLong(); // step reports that a listener missed, and that are not logged yet
    private final List<Subscriber> subscribers = new ArrayList<>();

    /** Held for a few instructions; no foreign code runs under it. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition(); // events were added, or delivered, or the gate was closed

    // Guarded by lock. An event is added to all queues at once, so all listeners receive the events in the same order.
    private volatile boolean started; // read without the lock, too
    private boolean closed;
    private int unclosed; // listeners that have not returned from onClose yet
    private @Nullable Thread thread; // delivers until the gate is closed

    /** A listener and its queue. */
    private final class Subscriber {

        final GateListener listener;
        final ForeignCode code;

        // Guarded by the dispatcher's lock. Only the delivering thread takes events out; it leaves once it finds the
        // queue empty.
        final Queue<Consumer<GateListener>> events = new ArrayDeque<>();
        volatile @Nullable Thread deliveringThread;

        Subscriber(GateListener listener, ForeignCode code) {
            this.listener = listener;
            this.code = code;
        }

        /** Delivers all that is pending, unless another thread does; clears interrupts on a thread of the gate. */
        void deliver(boolean ownThread) {
            if (!take()) {
                return;
            }
            for (Consumer<GateListener> event = next(); event != null; event = next()) {
                var unused = ownThread && Thread.interrupted(); // clears an interrupt that the last call left
                code.enter();
                try {
                    event.accept(listener);
                    code.worked();
                } catch (Throwable t) {
                    code.failed(t);
                } finally {
                    code.exit();
                }
            }
        }

        /** Under the lock. */
        private boolean isPending() {
            return deliveringThread == null && !events.isEmpty();
        }

        private boolean take() {
            acquire();
            try {
                boolean mine = isPending();
                deliveringThread = mine ? Thread.currentThread() : deliveringThread;
                return mine;
            } finally {
                lock.unlock();
            }
        }

        private @Nullable Consumer<GateListener> next() {
            acquire();
            try {
                Consumer<GateListener> event = events.poll();
                if (event == null) {
                    deliveringThread = null;
                    changed.signalAll();
                }
                return event;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Makes a dispatcher without a thread; {@code name} is that of each listener: "a listener of gate 'batch'". */
    Dispatcher(String threadName, String name, List<? extends GateListener> listeners, GateLog log, boolean manual) {
        this.threadName = threadName;
        this.log = log;
        this.overflow = new FaultLog("the queue for " + name, log);
        this.manual = manual;
        for (GateListener listener : listeners) {
            subscribers.add(new Subscriber(listener, new ForeignCode(name, log)));
        }
        this.unclosed = subscribers.size();
    }

    /** Whether {@link #start} has nothing to do. */
    boolean isStarted() {
        return started || subscribers.isEmpty();
    }

    /** Adds the call of {@code onStart}, the first time. */
    void start(Supplier<GateSnapshot> now) {
        acquire();
        try {
            if (isStarted()) {
                return;
            }
            started = true;
            enqueue(each -> each.onStart(now), MAX_PENDING);
        } finally {
            lock.unlock();
        }
        deliver();
    }

    /** Adds the report of a step. On a manual gate, returns once it has been delivered. */
    void step(StepReport step, boolean byHand) {
        if (subscribers.isEmpty()) {
            return; // the usual case, and a step must be cheap
        }
        int fullQueues;
        acquire();
        try {
            if (closed && !byHand) {
                return; // the step was under way when the gate was closed
            }
            fullQueues = enqueue(each -> each.onStep(step), MAX_PENDING);
        } finally {
            lock.unlock();
        }
        if (fullQueues > 0) {
            dropped.addAndGet(fullQueues);
            overflow.failed("it is full with " + MAX_PENDING + " events, and step reports are dropped");
        } else if (overflow.worked()) {
            logDropped();
        }
        deliver();
        if (manual && !isDelivering()) {
            awaitDelivery(); // by another thread that is stepping this gate
        }
    }

    /** Adds a call of each listener; returns whether there was room for it. */
    boolean add(Consumer<GateListener> event) {
        boolean added;
        acquire();
        try {
            added = enqueue(event, MAX_PENDING) == 0;
        } finally {
            lock.unlock();
        }
        deliver();
        return added;
    }

    /** Adds an event to each queue that has room for it; returns how many have none. Under the lock. */
    private int enqueue(Consumer<GateListener> event, int maxPending) {
        int fullQueues = 0;
        for (Subscriber each : subscribers) {
            if (each.events.size() < maxPending) {
                each.events.add(event);
            } else {
                fullQueues++;
            }
        }
        return fullQueues;
    }

    private void logDropped() {
        long number = dropped.getAndSet(0);
        if (number > 0) {
            var unused = log.write(writer -> writer.dropped(number));
        }
    }

    private void deliver() {
        acquire();
        try {
            if (!manual && !closed) {
                startThread();
                changed.signalAll();
                return;
            }
        } finally {
            lock.unlock();
        }
        deliverHere();
    }

    private void deliverHere() {
        for (Subscriber each : subscribers) {
            each.deliver(false);
        }
    }

    /** Under the lock. */
    private void startThread() {
        if (thread != null) {
            return;
        }
        try {
            Thread made = DaemonThreads.make(threadName, this::run);
            made.start();
            thread = made;
        } catch (Throwable t) {
            // No memory for a thread: the next event tries again.
        }
    }

    private void run() {
        while (true) {
            try {
                if (!awaitEvents()) {
                    return;
                }
                for (Subscriber each : subscribers) {
                    each.deliver(true);
                }
            } catch (Throwable t) {
                // Out of memory. What is pending is still in the queues.
            }
        }
    }

    /** Waits until there is something to deliver; returns false once the gate is closed and there is nothing. */
    private boolean awaitEvents() {
        acquire();
        try {
            while (!any(Subscriber::isPending)) {
                if (closed) {
                    return false;
                }
                changed.awaitUninterruptibly();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void awaitDelivery() {
        acquire();
        try {
            while (any(each -> each.deliveringThread != null)) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean any(Predicate<Subscriber> condition) {
        for (Subscriber each : subscribers) {
            if (condition.test(each)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the current thread is calling a listener. */
    boolean isDelivering() {
        return any(each -> each.deliveringThread == Thread.currentThread()); // exact without the lock
    }

    /**
     * Delivers all that is pending, and then calls {@code onClose} on each listener, once. Waits for that for at most
     * {@code nanos}; if it takes longer, starts a thread for each listener, so that one that hangs does not delay the
     * others, and waits for as long again. A listener that hangs is served once its call returns. Waits for nothing if
     * {@code nanos} is zero.
     */
    void close(long nanos) {
        boolean interrupted =
                Thread.interrupted(); // it is meant for the thread that closes the gate, and not for a listener
        logDropped();
        acquire();
        try {
            if (!closed) {
                enqueue(this::close, Integer.MAX_VALUE);
                closed = true;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        if (manual || isDelivering()) {
            deliverHere();
        }
        if (nanos > 0 && !isDelivering() && !awaitClose(nanos)) {
            serveTheOthers();
            var unused = awaitClose(nanos);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void close(GateListener listener) {
        try {
            listener.onClose();
        } finally {
            acquire();
            unclosed--;
            changed.signalAll();
            lock.unlock();
        }
    }

    /** Returns whether all listeners have been closed in time. Waits through interrupts. */
    private boolean awaitClose(long nanos) {
        long deadline = System.nanoTime() + nanos;
        boolean interrupted = false;
        acquire();
        try {
            while (unclosed > 0 && deadline - System.nanoTime() > 0) {
                try {
                    var unused = changed.awaitNanos(deadline - System.nanoTime());
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return unclosed == 0;
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void serveTheOthers() {
        for (Subscriber each : subscribers) {
            try {
                DaemonThreads.make(threadName, () -> each.deliver(true))
                        .start(); // ends at once if there is nothing to deliver
            } catch (Throwable t) {
                // No memory for a thread: this listener is served when the one that hangs returns.
            }
        }
    }

    /** Acquires the lock. To wait for it takes memory, of which there may be none for a moment. */
    private void acquire() {
        while (true) {
            try {
                lock.lock();
                return;
            } catch (OutOfMemoryError e) {
                Thread.onSpinWait();
            }
        }
    }

    /** Reports a listener that hangs. */
    void reportHang(long patienceNanos) {
        for (Subscriber each : subscribers) {
            TimeoutException hang = each.code.hang(patienceNanos);
            if (hang != null) {
                each.code.failed(hang);
            }
        }
    }
}
