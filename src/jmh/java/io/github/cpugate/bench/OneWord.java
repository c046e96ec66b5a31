package io.github.cpugate.bench;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the gate might become: limit, slots in flight and whether anybody waits are one word, so that a slot is taken
 * and given back by one compare-and-set each while nobody waits. Who waits stands in line under a lock, and is handed
 * the slot, as in the gate. Leaves out what a gate needs besides: interrupts, time limits, closing, a moving limit, the
 * search for lost slots.
 */
class OneWord implements Peer {

    private static final AtomicLongFieldUpdater<OneWord> WORD =
            AtomicLongFieldUpdater.newUpdater(OneWord.class, "word");

    /** Somebody is in line: the word changes under the lock only. */
    private static final long LINE = Long.MIN_VALUE;

    private volatile long word; // LINE | limit << 32 | in flight
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Caller> line = new ArrayDeque<>(); // guarded by the lock; empty if the word says so

    OneWord(int slots) {
        word = (long) slots << 32;
    }

    /** What one caller holds, with all that it needs to give it back; 1 once that is done. */
    private static final class Held extends AtomicInteger {
        private static final long serialVersionUID = 1L;
        final transient OneWord from;

        Held(OneWord from) {
            this.from = from;
        }

        void close() {
            if (compareAndSet(0, 1)) {
                from.giveBack();
            }
        }
    }

    private static final class Caller {
        final Thread thread = Thread.currentThread();
        volatile boolean granted;
    }

    /** One more in flight. */
    void took() {}

    /** One less in flight. */
    void gaveBack() {}

    private static boolean hasRoom(long word) {
        return word >= 0 && (int) word < (int) (word >>> 32);
    }

    @Override
    public Object enter() {
        Held held = new Held(this);
        for (long seen = word; hasRoom(seen); seen = word) {
            if (WORD.compareAndSet(this, seen, seen + 1)) {
                took();
                return held;
            }
        }
        lineUp();
        return held;
    }

    @Override
    public void leave(Object held) {
        ((Held) held).close();
    }

    private void giveBack() {
        while (true) {
            long seen = word;
            if (seen < 0) {
                if (handOver()) {
                    return;
                }
            } else if (WORD.compareAndSet(this, seen, seen - 1)) {
                gaveBack();
                return;
            }
        }
    }

    private void lineUp() {
        Caller caller = new Caller();
        lock.lock();
        try {
            while (true) {
                long seen = word;
                if (hasRoom(seen)) {
                    if (WORD.compareAndSet(this, seen, seen + 1)) {
                        took();
                        return;
                    }
                } else if (WORD.compareAndSet(this, seen, seen | LINE)) {
                    line.add(caller);
                    break;
                }
            }
        } finally {
            lock.unlock();
        }
        while (!caller.granted) {
            LockSupport.park(this);
        }
    }

    /** The number in flight stays as it is. Returns false if there is nobody in line any more. */
    private boolean handOver() {
        Caller next;
        lock.lock();
        try {
            next = line.poll();
            if (next == null) {
                return false;
            }
            if (line.isEmpty()) {
                word = word & ~LINE; // marked, and so under the lock: nobody else writes
            }
        } finally {
            lock.unlock();
        }
        next.granted = true;
        LockSupport.unpark(next.thread);
        return true;
    }
}
