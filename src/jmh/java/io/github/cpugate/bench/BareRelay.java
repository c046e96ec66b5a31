package io.github.cpugate.bench;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * The floor under every line of blocked callers: each wakes a thread that it knows, without a lock or a count. For a
 * line that is complete before the first slot is given back, and not refilled.
 */
final class BareRelay implements Peer {

    private static final int MOST = 20_000;

    private final int slots;
    private final AtomicInteger arrivals = new AtomicInteger();
    private final AtomicReferenceArray<Caller> callers = new AtomicReferenceArray<>(MOST);

    BareRelay(int slots) {
        this.slots = slots;
    }

    private static final class Caller {
        final Thread thread = Thread.currentThread();
        final int place;
        volatile boolean granted;

        Caller(int place) {
            this.place = place;
        }
    }

    @Override
    public Object enter() {
        Caller caller = new Caller(arrivals.getAndIncrement());
        callers.set(caller.place, caller);
        while (caller.place >= slots && !caller.granted) {
            LockSupport.park(this);
        }
        return caller;
    }

    @Override
    public void leave(Object held) {
        Caller next = callers.get(((Caller) held).place + slots);
        if (next != null) {
            next.granted = true;
            LockSupport.unpark(next.thread);
        }
    }
}
