package io.github.cpugate;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread in line. It parks by itself, not on the lock's condition: whoever hands it a slot has decided everything, so
 * it goes on without queueing for the lock again.
 */
final class BlockedCaller extends Waiter implements ForkJoinPool.ManagedBlocker {

    private final Thread thread = Thread.currentThread();
    private final boolean timed;
    private final long deadline;
    private boolean interrupted;

    private BlockedCaller(Slot slot, boolean timed, long nanos) {
        super(slot);
        this.timed = timed;
        this.deadline = timed ? System.nanoTime() + nanos : 0;
    }

    /**
     * Lines up, waits, and returns whether the slot was granted. Whichever way this ends, the thread is out of the
     * line.
     */
    static boolean lineUp(WaitingLine line, Slot slot, boolean timed, long nanos) throws InterruptedException {
        BlockedCaller caller = new BlockedCaller(slot, timed, nanos);
        if (line.admitOrLineUp(slot, caller)) {
            return true;
        }
        Wait wait = line.waitBegan();
        try {
            return caller.isServedBy(line);
        } finally {
            if (wait != null) {
                wait.ended(caller.outcome());
            }
        }
    }

    private Wait.Outcome outcome() {
        return switch (state) {
            case GRANTED -> Wait.Outcome.ADMITTED;
            case REFUSED -> Wait.Outcome.CLOSED;
            case IN_LINE -> interrupted ? Wait.Outcome.INTERRUPTED : Wait.Outcome.TIMED_OUT;
        };
    }

    private boolean isServedBy(WaitingLine line) throws InterruptedException {
        try {
            await();
        } catch (Error e) {
            if (!line.giveUp(this, false)) {
                line.leave(slot);
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
        // Granted or refused: that came before an interrupt, if there was one, and its status stays set.
        if (state == State.REFUSED) {
            throw line.closedException();
        }
        return true;
    }

    /** Returns when the state is decided, the time has passed, or the thread is interrupted; its status stays set. */
    private void await() {
        try {
            // A pool that would otherwise starve while its worker is parked gets a spare one.
            ForkJoinPool.managedBlock(this);
        } catch (InterruptedException | RuntimeException e) {
            // The first is never thrown by this blocker; the second by a pool that cannot get a spare worker.
            while (!isReleasable()) {
                block();
            }
        }
    }

    @Override
    public boolean isReleasable() {
        return state != State.IN_LINE || thread.isInterrupted() || (timed && deadline - System.nanoTime() <= 0);
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
