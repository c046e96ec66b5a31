package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.THROWABLE;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionService;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
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
    void aPoolWithAsManyThreadsAsSlotsAndNoQueueRunsAllTasks() throws Exception {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(2, 2, 0, TimeUnit.SECONDS, new SynchronousQueue<>());
        try (AdaptiveCpuGate governed = AdaptiveCpuGate.builder()
                .minSlots(2)
                .maxSlots(2)
                .sampler(() -> CpuSample.of(60))
                .build()) {
            Executor executor = governed.executor(pool);
            List<CompletableFuture<Integer>> all = new ArrayList<>();
            for (int i = 0; i < 3_000; i++) {
                int number = i;
                all.add(CompletableFuture.supplyAsync(() -> number, executor));
            }
            CompletableFuture<Void> end = CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
            assertThat(end).succeedsWithin(Await.DEADLINE);
            Await.until("all slots are free", () -> governed.snapshot().inFlight() == 0);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aTaskThatIsRejectedByAnotherPoolFailsAtItsCaller() {
        Executor executor = gate.executor(Runnable::run);
        executor.execute(() -> {});
        RejectedExecutionException ofAnotherPool = new RejectedExecutionException("full");
        assertThatThrownBy(() -> executor.execute(() -> {
                    throw ofAnotherPool;
                }))
                .as("the task has begun, so it is not tried again")
                .isSameAs(ofAnotherPool);
        assertGate(0, 0);
    }

    @Test
    void cancellingWhatTheDelegateWasGivenGivesTheSlotBackAndCancelsTheTask() {
        Deque<Runnable> dropped = new ArrayDeque<>();
        FutureTask<Integer> task = new FutureTask<>(() -> 1);
        gate.executor(dropped::add).execute(task);
        assertGate(1, 0);

        Runnable given = dropped.remove();
        assertThat(((Future<?>) given).cancel(true)).isTrue();
        assertThat(task).isCancelled();
        assertGate(0, 0);
        given.run();
        assertThat(((Future<?>) given).isCancelled()).isTrue();
        assertGate(0, 0);
    }

    @Test
    void cancellingWhatIsRunningIsLeftToTheTask() {
        Deque<Runnable> started = new ArrayDeque<>();
        List<Boolean> cancelled = new ArrayList<>();
        gate.executor(started::add).execute(() -> cancelled.add(((Future<?>) started.remove()).cancel(true)));
        started.element().run();
        assertThat(cancelled).containsExactly(false);
        assertGate(0, 0);
    }

    @Test
    void aTaskThatTheDelegateDiscardsIsCancelledAndGivesItsSlotBack() throws InterruptedException {
        FutureTask<Integer> task = new FutureTask<>(() -> 1);
        gate.executor(discarded -> {}).execute(task);
        assertGate(1, 0);

        Await.until("the slot is given back", () -> {
            System.gc();
            gate.step();
            return gate.snapshot().inFlight() == 0;
        });
        assertThat(task).isCancelled();
        assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("the delegate discarded the task");
    }

    @Test
    void afterTheGateWasClosedTasksThatThePoolDroppedAreCancelled() throws Exception {
        FutureTask<Integer> task = new FutureTask<>(() -> 1);
        AdaptiveCpuGate closed =
                AdaptiveCpuGate.builder().sampler(() -> CpuSample.of(60)).build();
        Deque<Runnable> queue = new ArrayDeque<>();
        closed.executor(queue::add).execute(task);
        closed.close();
        assertThat(closed.snapshot().inFlight()).isEqualTo(1);

        queue.clear();
        Await.until("the task is cancelled", () -> {
            System.gc();
            return task.isCancelled();
        });
        assertThat(closed.awaitIdle(Duration.ZERO)).isTrue();
    }

    @Test
    void aPoolThatIsShutDownCancelsTheTasksInLine() throws InterruptedException {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        Executor executor = gate.executor(pool);
        Slot held = gate.slot();
        FutureTask<Integer> task = new FutureTask<>(() -> 1);
        executor.execute(task);
        pool.shutdownNow();

        held.close();
        assertThat(task).isCancelled();
        assertGate(0, 0);
    }

    /** Nobody can complete such a future but its task. */
    @Test
    void aFutureOfSupplyAsyncCompletesAlthoughTheGateIsClosed() throws InterruptedException {
        Slot held = gate.slot();
        List<CompletableFuture<Integer>> supplied = new ArrayList<>();
        Executor executor = gate.executor(Runnable::run);
        for (int i = 0; i < 3; i++) {
            int number = i;
            supplied.add(CompletableFuture.supplyAsync(() -> number, executor));
        }
        gate.close();
        assertThat(supplied).extracting(CompletableFuture::join).containsExactly(0, 1, 2);
        assertThat(log.messagesAt(Level.ERROR)).isEmpty();
        held.close();
    }

    @Test
    void aCompletionServiceHandsOutNoFutureThatNeverCompletes() throws Exception {
        Slot held = gate.slot();
        CompletionService<Integer> service = new ExecutorCompletionService<>(gate.executor(Runnable::run));
        Future<Integer> submitted = service.submit(() -> 1);
        gate.close();
        assertThat(service.poll()).isSameAs(submitted);
        assertThat(submitted.get(1, TimeUnit.SECONDS)).isEqualTo(1);
        held.close();
    }

    @Test
    void tasksThatRunAfterTheGateWasClosedRunOneAfterTheOther() throws Exception {
        Deque<Runnable> delegated = new ArrayDeque<>();
        Slot held = gate.slot();
        List<Integer> ran = new ArrayList<>();
        Executor executor = gate.executor(delegated::add);
        for (int i = 0; i < 3; i++) {
            int number = i;
            executor.execute(() -> {
                ran.add(number);
                if (number == 1) {
                    throw new IllegalStateException("task broke");
                }
            });
        }
        gate.close();
        List<Throwable> uncaught = new ArrayList<>();
        Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        try {
            assertThat(delegated).hasSize(1);
            delegated.remove().run();
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
        assertThat(ran).containsExactly(0, 1, 2);
        assertThat(uncaught).singleElement().asInstanceOf(THROWABLE).hasMessage("task broke");
        held.close();
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
