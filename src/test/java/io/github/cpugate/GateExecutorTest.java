package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.THROWABLE;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests the executor of a gate: tasks wait in line, and a delegate runs or rejects them. */
class GateExecutorTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .sampler(() -> CpuSample.of(60))
            .build();

    @AfterEach
    void close() {
        gate.close();
    }

    private void assertGate(int inFlight, int waiting) {
        assertThat(gate.snapshot()).returns(inFlight, GateSnapshot::inFlight).returns(waiting, GateSnapshot::waiting);
    }

    private static void breakTask() {
        throw new IllegalStateException("task broke");
    }

    @Test
    void tasksRunInSlotsInTheirOrder() throws InterruptedException {
        Executor executor = gate.executor(Runnable::run);
        List<String> ran = new ArrayList<>();
        Slot held = gate.slot();
        for (int i = 0; i < 4; i++) {
            int number = i;
            executor.execute(() -> ran.add(number + " of " + gate.snapshot().inFlight() + " in flight"));
        }
        assertThat(ran).isEmpty();

        held.close();
        assertThat(ran).containsExactly("0 of 1 in flight", "1 of 1 in flight", "2 of 1 in flight", "3 of 1 in flight");
        assertGate(0, 0);
        executor.execute(() -> ran.clear());
        assertThat(ran)
                .as("with a free slot a task runs at once, on this thread")
                .isEmpty();
    }

    @Test
    void aTaskInLineHoldsNoThread() throws InterruptedException {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        try {
            Executor executor = gate.executor(pool);
            AtomicInteger ran = new AtomicInteger();
            Slot held = gate.slot();
            for (int i = 0; i < 100; i++) {
                executor.execute(ran::incrementAndGet);
            }
            assertGate(1, 100);
            assertThat(pool.getPoolSize()).isZero();
            assertThat(pool.getQueue()).isEmpty();

            held.close();
            Await.until("all tasks have run", () -> ran.get() == 100);
            Await.until("all slots are free", () -> gate.snapshot().inFlight() == 0);
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void aTaskThatThrowsGivesItsSlotBackAndThrowsOnItsThread() throws InterruptedException {
        Deque<Runnable> started = new ArrayDeque<>();
        gate.executor(started::add).execute(GateExecutorTest::breakTask);
        assertGate(1, 0);
        assertThatThrownBy(() -> started.remove().run()).hasMessage("task broke");
        assertGate(0, 0);

        Executor direct = gate.executor(Runnable::run);
        assertThatThrownBy(() -> direct.execute(GateExecutorTest::breakTask)).hasMessage("task broke");
        assertGate(0, 0);

        Slot held = gate.slot();
        AtomicInteger ran = new AtomicInteger();
        direct.execute(GateExecutorTest::breakTask);
        direct.execute(ran::incrementAndGet);
        List<Throwable> uncaught = new ArrayList<>();
        Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        try {
            held.close();
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
        assertThat(uncaught).singleElement().asInstanceOf(THROWABLE).hasMessage("task broke");
        assertThat(log.messagesAt(Level.ERROR)).as("the task was started").isEmpty();
        assertThat(ran).as("the next task in line runs").hasValue(1);
        assertGate(0, 0);
    }

    static List<Supplier<Throwable>> rejections() {
        return List.of(() -> new RejectedExecutionException("full"), () -> new OutOfMemoryError("full"));
    }

    private static Executor rejecting(Supplier<Throwable> rejection) {
        return task -> throwAny(rejection.get());
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <T extends Throwable> void throwAny(Throwable t) throws T {
        throw (T) t;
    }

    @ParameterizedTest
    @MethodSource("rejections")
    void aRejectionAtOnceIsThrownToTheCaller(Supplier<Throwable> rejection) {
        FutureTask<Integer> task = new FutureTask<>(() -> 1);

        assertThatThrownBy(() -> gate.executor(rejecting(rejection)).execute(task))
                .isInstanceOf(rejection.get().getClass())
                .hasMessage("full");
        assertGate(0, 0);
        assertThat(log.messagesAt(Level.ERROR)).isEmpty();
        assertThat(task).as("the caller still has the task").isNotDone();
    }

    @ParameterizedTest
    @MethodSource("rejections")
    void aLaterRejectionCancelsTheTaskAndIsLoggedOnce(Supplier<Throwable> rejection) throws InterruptedException {
        Executor executor = gate.executor(rejecting(rejection));
        List<FutureTask<Integer>> tasks = List.of(new FutureTask<>(() -> 1), new FutureTask<>(() -> 2));
        Slot held = gate.slot();
        tasks.forEach(executor::execute);
        executor.execute(() -> {});

        held.close();
        assertThat(tasks).allMatch(FutureTask::isCancelled);
        assertGate(0, 0);
        assertThat(log.at(Level.ERROR)).singleElement().satisfies(event -> {
            assertThat(event.getFormattedMessage()).contains("could not be started", "full", "(logged once)");
            assertThat(event.getThrowableProxy().getMessage()).isEqualTo("full");
        });
    }

    @Test
    void aClosedGateRejectsATask() {
        gate.close();
        assertThatThrownBy(() -> gate.executor(Runnable::run).execute(() -> {}))
                .isInstanceOf(RejectedExecutionException.class)
                .hasCauseInstanceOf(GateClosedException.class);
    }

    @Test
    void closingTheGateCancelsTasksInLineAndIsLoggedOnce() throws InterruptedException {
        AtomicInteger ran = new AtomicInteger();
        List<FutureTask<Integer>> tasks =
                List.of(new FutureTask<>(ran::incrementAndGet), new FutureTask<>(ran::incrementAndGet));
        Slot held = gate.slot();
        tasks.forEach(gate.executor(Runnable::run)::execute);

        gate.close();
        assertThat(tasks).allMatch(FutureTask::isCancelled);
        assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("gate 'test' is closed");
        held.close();
        assertThat(ran).hasValue(0);
        assertGate(0, 0);
    }

    @Test
    void closingTheGateCancelsTasksInLineEvenIfTheLogThrows() throws InterruptedException {
        Slot held = gate.slot();
        FutureTask<Integer> task = new FutureTask<>(() -> 1);
        gate.executor(Runnable::run).execute(task);
        CompletableFuture<Slot> next = gate.slotAsync();
        log.breakFor(Level.ERROR);

        gate.close();
        assertThat(task).isCancelled();
        assertThat(next).isCompletedExceptionally();
        held.close();
    }

    @Test
    void supplyAsyncRunsItsSupplierInASlot() throws InterruptedException {
        Slot held = gate.slot();
        CompletableFuture<Integer> supplied =
                CompletableFuture.supplyAsync(() -> gate.snapshot().inFlight(), gate.executor(Runnable::run));
        assertThat(supplied).isNotDone();

        held.close();
        assertThat(supplied).isCompletedWithValue(1);
        assertGate(0, 0);
    }

    @Test
    void nullIsRejectedAndTakesNoSlot() {
        assertThatNullPointerException().isThrownBy(() -> gate.executor(null)).withMessage("delegate");
        assertThatNullPointerException()
                .isThrownBy(() -> gate.executor(Runnable::run).execute(null))
                .withMessage("task");
        assertGate(0, 0);
    }
}
