package io.github.cpugate.temporal;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A poll that waits for its slot. It completes with its permit, or not at all: a worker whose reservation fails asks
 * again at once, tens of thousands of times a second.
 */
final class Reservation extends SlotSupplierFuture {

    private static final Executor LATER = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS, Runnable::run);

    private final AdaptiveCpuGate gate;
    private final PollLine line;
    private final AtomicBoolean leftLine = new AtomicBoolean();

    // goToGate writes turn and then reads aborted; abortReservation writes aborted and then reads turn. So at least one
    // of them sees the other, and gives the slot back. If both do, the slot is closed twice, which is harmless.
    private volatile @Nullable CompletableFuture<Slot> turn;
    private volatile boolean aborted;

    Reservation(AdaptiveCpuGate gate, PollLine line) {
        this.gate = gate;
        this.line = line;
    }

    /** Joins the gate's line. */
    void goToGate() {
        CompletableFuture<Slot> joined = gate.slotAsync();
        turn = joined;
        if (aborted) {
            Slot.release(joined);
            leaveLine();
            return;
        }
        var unused = joined.whenComplete((slot, refusal) -> {
            if (slot != null) {
                granted(slot);
            } else if (refusal instanceof GateClosedException) {
                line.warnOfClosedGate(refusal.getMessage());
            } else if (!aborted) {
                LATER.execute(this::goToGate); // the gate's line is full
            }
        });
    }

    private void granted(Slot slot) {
        TaskSlot taskSlot = new TaskSlot(slot, this::leaveLine);
        if (complete(new SlotPermit(taskSlot))) {
            taskSlot.pauseIfNoTaskComes();
        }
    }

    /** Lets the next poll of the queue go to the gate. */
    private void leaveLine() {
        if (leftLine.compareAndSet(false, true)) {
            line.next();
        }
    }

    /** Returns the permit if it was granted before; the worker then releases it. */
    @Override
    public @Nullable SlotPermit abortReservation() {
        aborted = true;
        CompletableFuture<Slot> joined = turn;
        if (joined != null && !joined.cancel(false) && !joined.isCompletedExceptionally()) {
            granted(joined.join()); // unless the gate's thread has done that
            return join();
        }
        completeExceptionally(new CancellationException("the worker aborted the reservation"));
        if (!line.remove(this)) {
            leaveLine();
        }
        return null;
    }
}
