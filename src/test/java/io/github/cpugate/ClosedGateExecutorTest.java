package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what becomes of tasks that wait in line when their gate is closed, if something else goes wrong. */
class ClosedGateExecutorTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AdaptiveCpuGate gate =
            AdaptiveCpuGate.builder().manual().sampler(() -> CpuSample.of(60)).build();

    @Test
    void aPoolThatDropsTasksAfterTheGateWasClosedCanCancelThem() throws InterruptedException {
        Deque<Runnable> dropped = new ArrayDeque<>();
        Slot held = gate.slot();
        AtomicInteger ran = new AtomicInteger();
        Executor executor = gate.executor(dropped::add);
        executor.execute(ran::incrementAndGet);
        gate.close();

        Runnable given = dropped.remove();
        assertThat(((Future<?>) given).cancel(true)).isTrue();
        assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("cancelled before it ran");
        given.run();
        assertThat(ran).hasValue(0);
        held.close();
    }

    @Test
    void aBusyPoolWithoutAQueueRunsTheTasksThatWaitedForAClosedGate() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new SynchronousQueue<>());
        try {
            CountDownLatch end = new CountDownLatch(1);
            Executor executor = gate.executor(pool);
            executor.execute(() -> Await.until("the test ends the session", () -> end.getCount() == 0));
            CompletableFuture<Integer> supplied = CompletableFuture.supplyAsync(() -> 1, executor);
            gate.close();
            assertThat(supplied).isNotDone();

            end.countDown();
            assertThat(supplied).succeedsWithin(Await.DEADLINE);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aWorkerThatIsNotIdleYetAfterItsSessionRunsTheTasksThatWaited() {
        Queue<Runnable> given = new ConcurrentLinkedQueue<>();
        AtomicInteger rejections = new AtomicInteger();
        AtomicBoolean idle = new AtomicBoolean(true);
        Executor executor = gate.executor(task -> {
            rejectUnless(idle, rejections);
            given.add(task);
        });
        executor.execute(() -> {});
        CompletableFuture<Integer> supplied = CompletableFuture.supplyAsync(() -> 1, executor);
        gate.close();

        given.remove().run();
        awaitAnotherRejection(rejections);
        idle.set(true);
        Await.until("the pool has the task", () -> !given.isEmpty());
        given.remove().run();
        assertThat(supplied).isCompletedWithValue(1);
    }

    @Test
    void aWorkerThatIsNotIdleYetAfterATaskThatWaitedRunsTheNext() {
        AtomicInteger rejections = new AtomicInteger();
        AtomicBoolean idle = new AtomicBoolean(true);
        Slot held = gate.trySlot().orElseThrow();
        Executor executor = gate.executor(task -> {
            rejectUnless(idle, rejections);
            task.run();
        });
        CompletableFuture<Integer> first = CompletableFuture.supplyAsync(() -> 1, executor);
        CompletableFuture<Integer> second = CompletableFuture.supplyAsync(() -> 2, executor);
        gate.close();
        held.close();

        assertThat(first).isDone();
        awaitAnotherRejection(rejections);
        idle.set(true);
        assertThat(second).succeedsWithin(Await.DEADLINE);
    }

    private static void rejectUnless(AtomicBoolean idle, AtomicInteger rejections) {
        if (!idle.getAndSet(false)) {
            rejections.incrementAndGet();
            throw new RejectedExecutionException("busy");
        }
    }

    private static void awaitAnotherRejection(AtomicInteger rejections) {
        int before = rejections.get();
        Await.until("the pool rejects it again", () -> rejections.get() > before);
    }

    @Test
    void aFutureOfSupplyAsyncCompletesIfTheSecondOfTwoGatesIsClosed() throws InterruptedException {
        try (AdaptiveCpuGate first = AdaptiveCpuGate.builder().manual().build()) {
            Slot held = gate.slot();
            CompletableFuture<Integer> supplied = CompletableFuture.supplyAsync(
                    () -> first.snapshot().inFlight(), first.executor(gate.executor(Runnable::run)));
            gate.close();
            assertThat(supplied).isCompletedWithValue(1);
            held.close();
        }
    }

    @Test
    void aLossIsLoggedEvenIfTheTasksCancellationThrows() throws InterruptedException {
        Slot held = gate.slot();
        gate.executor(Runnable::run).execute(new FutureTask<>(() -> 1) {
            @Override
            protected void done() {
                throw new IllegalStateException("task broke");
            }
        });
        gate.close();
        assertThat(log.messagesAt(Level.ERROR)).hasSize(1);
        held.close();
    }
}
