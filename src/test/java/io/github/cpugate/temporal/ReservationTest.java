package io.github.cpugate.temporal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.temporal.worker.tuning.SlotPermit;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class ReservationTest {

    private static final int RACES = 10_000;

    private final AdaptiveCpuGate gate = gate(Integer.MAX_VALUE);
    private final PollLine line = new PollLine("q", 1);

    private static AdaptiveCpuGate gate(int maxWaiting) {
        return AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(1)
                .maxWaiting(maxWaiting)
                .sampler(() -> CpuSample.of(50))
                .build();
    }

    private Reservation reserve() {
        return reserve(gate);
    }

    private Reservation reserve(AdaptiveCpuGate at) {
        Reservation reservation = new Reservation(at, line);
        line.add(reservation);
        return reservation;
    }

    private static TaskSlot taskSlot(SlotPermit permit) {
        return (TaskSlot) permit.userData;
    }

    private void assertNothingIsHeld() {
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(0, GateSnapshot::waiting);
        Reservation next = reserve();
        assertThat(next).as("the next poll receives the slot").isCompleted();
        taskSlot(next.join()).release();
    }

    @Test
    void onePollOfAQueueAtATimeIsAtTheGate() {
        Slot held = gate.trySlot().orElseThrow();
        Reservation first = reserve();
        Reservation second = reserve();
        assertThat(gate.snapshot().waiting()).isEqualTo(1);

        held.close();
        assertThat(first).isCompleted();
        assertThat(gate.snapshot().waiting()).isZero();
        taskSlot(first.join()).use();
        assertThat(gate.snapshot().waiting()).as("the second poll waits").isEqualTo(1);
        taskSlot(first.join()).release();
        taskSlot(second.join()).release();
        assertNothingIsHeld();
    }

    @Test
    void aPollThatIsAbortedInItsQueueDoesNotGoToTheGate() {
        Reservation first = reserve();
        Reservation second = reserve();
        Reservation third = reserve();

        assertThat(second.abortReservation()).isNull();
        assertThat(second).isCompletedExceptionally();
        taskSlot(first.join()).release();
        assertThat(third).isCompleted();
        taskSlot(third.join()).release();
        assertNothingIsHeld();
    }

    @Test
    void aPollThatIsAbortedInTheGatesLineLeavesItAndLetsTheNextOneIn() {
        Slot held = gate.trySlot().orElseThrow();
        Reservation first = reserve();
        Reservation second = reserve();

        assertThat(first.abortReservation()).isNull();
        assertThat(gate.snapshot().waiting()).isEqualTo(1);
        held.close();
        taskSlot(second.join()).release();
        assertNothingIsHeld();
    }

    @Test
    void aPollThatIsAbortedAfterItsGrantReturnsThePermit() {
        Reservation reservation = reserve();

        SlotPermit permit = reservation.abortReservation();
        assertThat(permit).isSameAs(reservation.join());
        taskSlot(permit).release();
        assertNothingIsHeld();
    }

    @Test
    void aPollThatIsAbortedOnAClosedGateLetsTheNextOneIn() {
        gate.close();
        Reservation first = reserve();
        Reservation second = reserve();
        assertThat(first).isNotDone();

        assertThat(first.abortReservation()).isNull();
        assertThat(second).isNotDone();
        assertThat(second.abortReservation()).isNull();
    }

    @Test
    void aPollTriesAgainIfTheGatesLineIsFull() {
        AdaptiveCpuGate full = gate(1);
        Slot held = full.trySlot().orElseThrow();
        CompletableFuture<Slot> waiting = full.slotAsync();
        Reservation reservation = reserve(full);
        assertThat(reservation).isNotDone();

        held.close();
        waiting.join().close();
        taskSlot(reservation.join()).release();
        assertThat(full.snapshot()).returns(0, GateSnapshot::inFlight);
    }

    @Test
    void aTaskThatComesLateIsTakenBackAboveTheLimit() {
        TaskSlot task = taskSlot(reserve().join());
        Await.until("the poll has given its slot away", () -> gate.snapshot().paused() == 1);
        Slot other = gate.trySlot().orElseThrow();

        task.use();
        assertThat(gate.snapshot().inFlight()).isEqualTo(2);
        task.release();
        other.close();
        assertNothingIsHeld();
    }

    /** Runs both actions at once, and returns when both have ended. */
    private static void race(ExecutorService threads, Runnable one, Runnable other) throws Exception {
        CyclicBarrier start = new CyclicBarrier(2);
        Future<?> first = threads.submit(() -> afterAll(start, one));
        Future<?> second = threads.submit(() -> afterAll(start, other));
        first.get();
        second.get();
    }

    private static void afterAll(CyclicBarrier start, Runnable action) {
        try {
            start.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new AssertionError(e);
        }
        action.run();
    }

    private static void abort(Reservation reservation) {
        SlotPermit permit = reservation.abortReservation();
        if (permit != null) {
            taskSlot(permit).release();
        }
    }

    @Test
    void anAbortAtTheMomentOfTheGrantLosesNoSlot() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int i = 0; i < RACES; i++) {
                Slot held = gate.trySlot().orElseThrow();
                Reservation reservation = reserve();
                race(threads, held::close, () -> abort(reservation));
                assertNothingIsHeld();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void anAbortAtTheMomentThePollGoesToTheGateLosesNoSlot() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int i = 0; i < RACES; i++) {
                TaskSlot first = taskSlot(reserve().join());
                Reservation second = reserve();
                race(threads, first::release, () -> abort(second));
                assertNothingIsHeld();
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aSlotIsNotGivenAwayAtTheMomentItsTaskComes() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (int i = 0; i < RACES; i++) {
                TaskSlot task = new TaskSlot(gate.trySlot().orElseThrow(), () -> {});
                race(threads, task::pauseIfPolling, task::use);
                assertThat(gate.snapshot().inFlight()).isEqualTo(1);
                task.release();
                assertThat(gate.snapshot().inFlight()).isZero();
            }
        } finally {
            threads.shutdown();
        }
    }
}
