package io.github.cpugate.temporal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInfo;
import io.temporal.activity.ManualActivityCompletionClient;
import io.temporal.client.ActivityWorkerShutdownException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import io.temporal.worker.tuning.PollerBehaviorAutoscaling;
import io.temporal.worker.tuning.SlotMarkUsedContext;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotReleaseContext;
import io.temporal.worker.tuning.SlotReserveContext;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.worker.tuning.SlotSupplierFuture;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs workers against a real server. */
class GateSlotSupplierTest {

    private static final long SECOND = 1_000_000_000L;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AtomicLong clock = new AtomicLong();
    private final TemporalServer server = new TemporalServer();
    private final HeldSessions sessions = new HeldSessions();

    @AfterEach
    void close() {
        sessions.mayEnd.release(1000);
        server.close();
    }

    /** Sessions that end when the test lets them. */
    private static class HeldSessions implements TemporalServer.Sessions {

        final AtomicInteger running = new AtomicInteger();
        final AtomicInteger most = new AtomicInteger();
        final Semaphore mayEnd = new Semaphore(0);

        @Override
        public void session(int number) {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                mayEnd.acquire();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                running.decrementAndGet();
            }
        }
    }

    private AdaptiveCpuGate gate(int limit, double cpu) {
        return AdaptiveCpuGate.builder()
                .manual()
                .maxSlots(16)
                .initialSlots(limit)
                .nanoClock(clock::get)
                .sampler(() -> CpuSample.of(cpu))
                .build();
    }

    private static void awaitPollWithoutSlot(AdaptiveCpuGate gate) {
        Await.until("the poll has given its slot away", () -> gate.snapshot().paused() == 1);
    }

    private void step(AdaptiveCpuGate gate, int steps) {
        for (int i = 0; i < steps; i++) {
            clock.addAndGet(SECOND);
            var unused = gate.step();
        }
    }

    @Test
    void anIdleQueueDoesNotRaiseTheLimit() {
        AdaptiveCpuGate gate = gate(1, 5);
        server.start("q", GateSlotSupplier.forActivities(gate), sessions);

        Await.until("a poll has a slot", () -> gate.snapshot().admitted() == 1);
        step(gate, 7);
        awaitPollWithoutSlot(gate);
        step(gate, 7);
        assertThat(gate.snapshot())
                .returns(1, GateSnapshot::limit)
                .returns(0, GateSnapshot::inFlight)
                .returns(0, GateSnapshot::waiting);
    }

    @Test
    void anIdleQueueDoesNotKeepAnotherFromTheFloor() throws Exception {
        AdaptiveCpuGate gate = gate(1, 95);
        server.startWorkflows();
        server.start("idle", GateSlotSupplier.forActivities(gate), sessions);
        Await.until("its poll has a slot", () -> gate.snapshot().admitted() == 1);
        server.start("busy", GateSlotSupplier.forActivities(gate), sessions);
        sessions.mayEnd.release();

        server.run(1, "busy").get(10, TimeUnit.SECONDS);
    }

    @Test
    void anActivityThatIsCompletedLocallyAndLaterKeepsItsSlot() throws Exception {
        AdaptiveCpuGate gate = gate(2, 50);
        AtomicReference<ManualActivityCompletionClient> later = new AtomicReference<>();
        server.startWorkflows();
        server.start(
                "q",
                GateSlotSupplier.forActivities(gate),
                number -> later.set(Activity.getExecutionContext().useLocalManualCompletion()));

        CompletableFuture<Void> run = server.run(1, "q");
        Await.until("the method has begun", () -> later.get() != null);
        awaitPollWithoutSlot(gate); // 200 ms after the method has returned
        assertThat(gate.snapshot().inFlight()).isEqualTo(1);
        later.get().complete(null);
        run.get(10, TimeUnit.SECONDS);
        Await.until("the slot is given back", () -> gate.snapshot().inFlight() == 0);
    }

    @Test
    void anActivityThatIsCompletedElsewhereGivesItsSlotBackAtItsReturn() {
        AdaptiveCpuGate gate = gate(2, 50);
        AtomicInteger begun = new AtomicInteger();
        server.startWorkflows();
        server.start("q", GateSlotSupplier.forActivities(gate), number -> {
            Activity.getExecutionContext().doNotCompleteOnReturn();
            begun.incrementAndGet();
        });

        CompletableFuture<Void> run = server.run(1, "q");
        Await.until("the method has begun", () -> begun.get() == 1);
        awaitPollWithoutSlot(gate);
        Await.until("the slot is given back", () -> gate.snapshot().inFlight() == 0);
        assertThat(run).isNotDone();
    }

    @Test
    void theTaskOfAPollWithoutASlotRunsAtOnceAndIsCounted() {
        AdaptiveCpuGate gate = gate(1, 50);
        server.startWorkflows();
        server.start("q", GateSlotSupplier.forActivities(gate), sessions);
        awaitPollWithoutSlot(gate);
        Slot mine = gate.trySlot().orElseThrow();

        var unused = server.run(2, "q");
        Await.until("the first task runs", () -> sessions.running.get() == 1);
        Await.until("the next poll waits", () -> gate.snapshot().waiting() == 1);
        assertThat(gate.snapshot().inFlight()).isEqualTo(2);
        mine.close();
        assertThat(gate.snapshot().waiting())
                .as("the first task has the only slot")
                .isEqualTo(1);
        sessions.mayEnd.release();
        Await.until("the second task has its slot", () -> gate.snapshot().admitted() == 3);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10})
    void sixtyTasksExceedALimitOfFourByAtMostOne(int pollersThatScale) {
        AdaptiveCpuGate gate = gate(4, 65);
        server.startWorkflows();
        WorkerOptions.Builder options = WorkerOptions.newBuilder();
        if (pollersThatScale > 0) {
            options.setActivityTaskPollersBehavior(new PollerBehaviorAutoscaling(1, pollersThatScale, 5));
        }
        WorkerFactory worker = server.start(
                "q", GateSlotSupplier.forActivities(gate), new FixedSizeSlotSupplier<>(10), sessions, options);

        CompletableFuture<Void> all = server.run(60, "q");
        for (int left = 60; left > 0; left--) {
            int expected = Math.min(4, left);
            Await.until(expected + " sessions run", () -> sessions.running.get() >= expected);
            sessions.mayEnd.release();
        }
        all.join();
        assertThat(sessions.most.get()).isBetween(4, 5);
        assertThat(TemporalServer.shutDown(worker)).isTrue();
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(0, GateSnapshot::waiting);
    }

    @Test
    void aWorkerThatShutsDownEndsItsSessionsAndLeavesTheLine() {
        AdaptiveCpuGate gate = gate(2, 50);
        server.startWorkflows();
        WorkerFactory worker = server.start("q", GateSlotSupplier.forActivities(gate), sessions);
        var unused = server.run(6, "q");
        Await.until(
                "two sessions run",
                () -> sessions.running.get() == 2 && gate.snapshot().waiting() == 1);

        worker.shutdown();
        Await.until("no poll waits", () -> gate.snapshot().waiting() == 0);
        sessions.mayEnd.release(2);
        assertThat(TemporalServer.shutDown(worker)).isTrue();
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(2L, GateSnapshot::admitted);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void onlyWithTheOptionASessionHeartbeatsWhileItsWorkerShutsDown(boolean allowed) {
        AdaptiveCpuGate gate = gate(1, 50);
        CompletableFuture<Boolean> heartbeat = new CompletableFuture<>();
        HeldSessions held = new HeldSessions() {
            @Override
            public void session(int number) {
                super.session(number);
                try {
                    Activity.getExecutionContext().heartbeat(number);
                    heartbeat.complete(true);
                } catch (ActivityWorkerShutdownException e) {
                    heartbeat.complete(false);
                }
            }
        };
        server.startWorkflows();
        WorkerFactory worker = server.start(
                "q",
                GateSlotSupplier.forActivities(gate),
                new FixedSizeSlotSupplier<>(10),
                held,
                WorkerOptions.newBuilder().setAllowActivityHeartbeatDuringShutdown(allowed));
        var unused = server.run(1, "q");
        Await.until("the session runs", () -> held.running.get() == 1);

        worker.shutdown();
        Await.until("the worker takes no more tasks", () -> gate.snapshot().waiting() == 0);
        held.mayEnd.release();
        assertThat(TemporalServer.shutDown(worker)).isTrue();
        assertThat(heartbeat).isCompletedWithValue(allowed);
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    @Test
    void aClosedGateIsAskedOnceForEachPollAndReportedOnce() throws Exception {
        AdaptiveCpuGate gate = gate(1, 50);
        gate.close();
        Counted reservations = new Counted(GateSlotSupplier.forActivities(gate));
        WorkerFactory worker = server.start("q", reservations, sessions);

        assertThat(reservations.moreThanTen.await(3, TimeUnit.SECONDS))
                .as("more than ten reservations in three seconds")
                .isFalse();
        Await.until(
                "the closed gate is reported", () -> !log.messagesAt(Level.WARN).isEmpty());
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("task queue q", "closed");
        assertThat(TemporalServer.shutDown(worker)).isTrue();
    }

    /** Counts down for each reservation. */
    private record Counted(SlotSupplier<ActivitySlotInfo> supplier, CountDownLatch moreThanTen)
            implements SlotSupplier<ActivitySlotInfo> {

        Counted(SlotSupplier<ActivitySlotInfo> supplier) {
            this(supplier, new CountDownLatch(11));
        }

        @Override
        public SlotSupplierFuture reserveSlot(SlotReserveContext<ActivitySlotInfo> context) throws Exception {
            moreThanTen.countDown();
            return supplier.reserveSlot(context);
        }

        @Override
        public Optional<SlotPermit> tryReserveSlot(SlotReserveContext<ActivitySlotInfo> context) {
            return supplier.tryReserveSlot(context);
        }

        @Override
        public void markSlotUsed(SlotMarkUsedContext<ActivitySlotInfo> context) {
            supplier.markSlotUsed(context);
        }

        @Override
        public void releaseSlot(SlotReleaseContext<ActivitySlotInfo> context) {
            supplier.releaseSlot(context);
        }
    }

    @Test
    void anActivityReportsARefusalAndIsTriedAgain() throws Exception {
        AdaptiveCpuGate gate = gate(2, 50);
        var supplier = GateSlotSupplier.forActivities(gate);
        AtomicInteger attempts = new AtomicInteger();
        server.startWorkflows();
        server.start("q", supplier, number -> {
            ActivityInfo info = Activity.getExecutionContext().getInfo();
            if (attempts.incrementAndGet() == 1) {
                supplier.slotOf(info).orElseThrow().rateLimited(Duration.ofMillis(10));
                throw ApplicationFailure.newFailureWithCauseAndDelay("429", "refused", null, Duration.ofMillis(10));
            }
        });

        server.run(1, "q").get(20, TimeUnit.SECONDS);
        assertThat(attempts).hasValue(2);
        assertThat(gate.snapshot().rateLimited()).isEqualTo(1);
    }

    @Test
    void aRefusedActivityThatPausedTakesNoFurtherTaskUntilItsTimeHasPassed() throws Exception {
        AdaptiveCpuGate gate = gate(1, 50);
        var supplier = GateSlotSupplier.forActivities(gate);
        AtomicInteger attempts = new AtomicInteger();
        server.startWorkflows();
        server.start("q", supplier, number -> {
            if (attempts.incrementAndGet() == 1) {
                Slot slot = supplier.slotOf(Activity.getExecutionContext().getInfo())
                        .orElseThrow();
                slot.rateLimited(Duration.ofSeconds(20));
                slot.pause();
                throw ApplicationFailure.newFailureWithCauseAndDelay("429", "refused", null, Duration.ofMillis(10));
            }
        });

        var sessions = server.run(3, "q");
        Await.until("the refused activity has ended", () -> {
            GateSnapshot now = gate.snapshot(); // a caller waits although no slot is held, so the slot is shut
            return now.inFlight() + now.paused() == 0 && now.waiting() == 1;
        });
        assertThat(attempts).hasValue(1);
        clock.addAndGet(TimeUnit.SECONDS.toNanos(20));
        gate.step();
        sessions.get(20, TimeUnit.SECONDS);
        assertThat(attempts).hasValue(4);
        assertThat(gate.snapshot().rateLimited()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anActivityOfTheWorkflowsOwnQueueRunsInASlotOfItsOwn(boolean local) throws Exception {
        AdaptiveCpuGate gate = gate(2, 50);
        var activities = GateSlotSupplier.forActivities(gate);
        var localActivities = GateSlotSupplier.forLocalActivities(gate);
        AtomicBoolean inSlot = new AtomicBoolean(true);
        HeldSessions held = new HeldSessions() {
            @Override
            public void session(int number) {
                ActivityInfo info = Activity.getExecutionContext().getInfo();
                inSlot.compareAndSet(
                        true, (local ? localActivities.slotOf(info) : activities.slotOf(info)).isPresent());
                super.session(number);
            }
        };
        WorkerFactory worker = server.start("q", activities, localActivities, held, WorkerOptions.newBuilder());

        CompletableFuture<Void> all = server.run("q", 10, "q", local);
        for (int left = 10; left > 0; left--) {
            int expected = Math.min(2, left);
            Await.until(expected + " sessions run", () -> held.running.get() >= expected);
            held.mayEnd.release();
        }
        all.get(20, TimeUnit.SECONDS);
        assertThat(held.most.get()).isBetween(2, 3);
        assertThat(inSlot).isTrue();
        assertThat(TemporalServer.shutDown(worker)).isTrue();
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(0, GateSnapshot::waiting);
    }

    @Test
    void badArgumentsAreNamed() {
        AdaptiveCpuGate gate = gate(2, 50);

        assertThatThrownBy(() -> GateSlotSupplier.forActivities(gate).polls(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("polls must be at least 1: 0");
        assertThatThrownBy(() -> GateSlotSupplier.forLocalActivities(null)).hasMessage("gate");
        assertThat(GateSlotSupplier.forActivities(gate).polls(3).getMaximumSlots())
                .contains(19);
    }
}
