package io.github.cpugate;

import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread in line. It parks by itself, not on the lock's condition: whoever hands it a slot has decided everything, so
 * it goes on without queueing for the lock again.
 */
final class BlockedCaller extends Waiter implements ForkJoinPool.ManagedBlocker {

    private final Thread thread = Thread.currentThread();
    private boolean timed;
    private long deadline; // if timed
    private boolean interrupted;

    private BlockedCaller(Slot slot) {
        super(slot);
    }

    /**
     * Lines up if there is no room, waits, and returns whether the slot was granted. Whichever way this ends, the
     * thread is out of the line.
     */
    static boolean enter(WaitingLine line, Slot slot, boolean timed, long nanos) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        if (line.tryEnter(slot)) {
            return true;
        }
        if (timed && nanos <= 0) {
            return false;
        }
        BlockedCaller caller = new BlockedCaller(slot);
        if (timed) {
            caller.waitUntil(nanos);
        }
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

    /** Rests if it has to, lines up again, and waits; returns once the slot is held. */
    static void resume(WaitingLine line, Slot slot) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        BlockedCaller caller = new BlockedCaller(slot);
        if (!line.resume(caller)) {
            var unused = caller.isServedBy(line); // or throws: it waits for as long as it takes
        }
    }

    private void waitUntil(long nanos) {
        timed = true;
        deadline = System.nanoTime() + nanos;
    }

    private Wait.Outcome outcome() {
        return switch (state) {
            case GRANTED -> Wait.Outcome.ADMITTED;
            case GATE_CLOSED, SLOT_CLOSED -> Wait.Outcome.CLOSED;
            case GAVE_UP, IN_LINE, AT_REST -> interrupted ? Wait.Outcome.INTERRUPTED : Wait.Outcome.TIMED_OUT;
        };
    }

    private boolean isServedBy(WaitingLine line) throws InterruptedException {
        try {
            if (state == State.AT_REST) {
                rest(line);
            }
            await();
        } catch (Error e) {
            if (!line.giveUp(this, false)) {
                line.pause(slot);
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
        if (state != State.GRANTED) {
            throw line.refusal(this);
        }
        return true;
    }

    private void rest(WaitingLine line) {
        waitUntil(restNanos);
        await();
        timed = false;
        if (!thread.isInterrupted()) {
            line.rested(this);
        }
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
