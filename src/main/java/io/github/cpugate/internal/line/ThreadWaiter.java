package io.github.cpugate.internal.line;

import io.github.cpugate.Wait;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread in line. It parks by itself and not on a condition of the lock: the thread that grants the slot has decided
 * everything, so the woken thread goes on without acquiring the lock again.
 */
final class ThreadWaiter extends Waiter implements ForkJoinPool.ManagedBlocker {

    final Thread thread = Thread.currentThread();
    private boolean timed;
    private long deadline; // if timed
    private boolean interrupted;

    private ThreadWaiter(LineSlot slot) {
        super(slot);
    }

    /**
     * Waits in line if no slot is free, and returns whether the slot was granted. However the wait ends, the thread has
     * left the line.
     */
    static boolean enter(WaitingLine line, LineSlot slot, boolean timed, long nanos) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        boolean waits = !timed || nanos > 0;
        slot.holder = Thread.currentThread();
        if (line.admitOrEnqueue(slot, null, waits)) {
            return true;
        }
        if (!waits) {
            return false;
        }
        ThreadWaiter waiter = new ThreadWaiter(slot);
        if (timed) {
            waiter.setDeadline(nanos);
        }
        if (line.admitOrEnqueue(slot, waiter, true)) {
            return true;
        }
        Wait wait = line.waitBegan();
        try {
            return waiter.awaitGrant(line);
        } finally {
            if (wait != null) {
                wait.ended(waiter.outcome());
            }
        }
    }

    /** Backs off if the service asked for it, waits in line again, and returns once the slot is held. */
    static void resume(WaitingLine line, LineSlot slot) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        ThreadWaiter waiter = new ThreadWaiter(slot);
        slot.holder = waiter.thread;
        if (!line.resume(waiter)) {
            var unused = waiter.awaitGrant(line); // always true: the wait has no deadline
        }
    }

    private void setDeadline(long nanos) {
        timed = true;
        deadline = System.nanoTime() + nanos;
    }

    private Wait.Outcome outcome() {
        return switch (state) {
            case GRANTED -> Wait.Outcome.ADMITTED;
            case GATE_CLOSED, SLOT_CLOSED -> Wait.Outcome.CLOSED;
            case GAVE_UP, IN_LINE, BACKING_OFF -> interrupted ? Wait.Outcome.INTERRUPTED : Wait.Outcome.TIMED_OUT;
        };
    }

    private boolean awaitGrant(WaitingLine line) throws InterruptedException {
        try {
            if (state == State.BACKING_OFF) {
                backOff(line);
            }
            await();
        } catch (Error e) {
            if (!line.giveUp(this, false)) {
                line.abandon(slot);
            }
            throw e;
        }
        boolean interruptedBefore = thread.isInterrupted();
        if (line.giveUp(this, !interruptedBefore)) {
            interrupted = interruptedBefore;
            if (interrupted && Thread.interrupted()) {
                throw new InterruptedException();
            }
            return false;
        }
        // The decision came before an interrupt, if there was one, so the interrupt status stays set.
        if (state != State.GRANTED) {
            throw closedException(line.gate);
        }
        return true;
    }

    private void backOff(WaitingLine line) {
        setDeadline(backOffNanos);
        await();
        timed = false;
        if (!thread.isInterrupted()) {
            line.backOffEnded(this);
        }
    }

    /**
     * Returns when the state is decided, the deadline has passed, or the thread is interrupted; the status stays set.
     */
    private void await() {
        try {
            // A fork-join pool that would starve while its worker is parked starts a spare one.
            ForkJoinPool.managedBlock(this);
        } catch (InterruptedException | RuntimeException e) {
            // This blocker never throws the first; a pool that cannot start a spare worker throws the second.
            while (!isReleasable()) {
                block();
            }
        }
    }

    @Override
    public boolean isReleasable() {
        return isDecided() || thread.isInterrupted() || (timed && deadline - System.nanoTime() <= 0);
    }

    @Override
    public boolean block() {
        if (timed) {
            LockSupport.parkNanos(this, deadline - System.nanoTime());
        } else {
            LockSupport.park(this);
        }
        return isReleasable();
    }

    @Override
    void wake() {
        LockSupport.unpark(thread);
    }
}
