package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests where the futures of callers that waited complete. */
class CompletionTest {

    private static final InheritableThreadLocal<String> TENANT = new InheritableThreadLocal<>();

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private static GateOptions governed(int slots) {
        return AdaptiveCpuGate.builder()
                .name("test")
                .maxSlots(slots)
                .minSlots(slots)
                .period(Duration.ofHours(1))
                .sampler(() -> CpuSample.of(60));
    }

    private static AdaptiveCpuGate gate(int slots) {
        return governed(slots).self().build();
    }

    /** Adds callers to the line, and closes the gate's only slot when all wait. */
    private static List<CompletableFuture<Slot>> line(AdaptiveCpuGate gate, int callers) {
        List<CompletableFuture<Slot>> line = new ArrayList<>();
        for (int i = 0; i < callers; i++) {
            line.add(gate.slotAsync());
        }
        return line;
    }

    @Test
    void aStageSeesNothingOfTheThreadThatClosedTheSlot() throws Exception {
        try (AdaptiveCpuGate gate = gate(1)) {
            Slot held = gate.slot();
            CompletableFuture<String> seen = gate.callAsync(() -> CompletableFuture.completedFuture(describe()));
            ClassLoader before = Thread.currentThread().getContextClassLoader();
            TENANT.set("A");
            Thread.currentThread().setContextClassLoader(new ClassLoader("A", before) {});
            try {
                held.close();
            } finally {
                Thread.currentThread().setContextClassLoader(before);
                TENANT.remove();
            }
            assertThat(seen)
                    .succeedsWithin(Await.DEADLINE)
                    .isEqualTo("cpugate-completer-test, daemon true, tenant null, loader "
                            + AdaptiveCpuGate.class.getClassLoader());
        }
    }

    private static String describe() {
        Thread thread = Thread.currentThread();
        return thread.getName() + ", daemon " + thread.isDaemon() + ", tenant " + TENANT.get() + ", loader "
                + thread.getContextClassLoader();
    }

    @Test
    void aGrantDoesNotWaitForTheCommonPool() throws Exception {
        CountDownLatch letGo = new CountDownLatch(1);
        List<CompletableFuture<Void>> busy = new ArrayList<>();
        for (int i = 0; i < 4 * ForkJoinPool.getCommonPoolParallelism(); i++) {
            busy.add(CompletableFuture.runAsync(() -> await(letGo), ForkJoinPool.commonPool()));
        }
        try (AdaptiveCpuGate gate = gate(1)) {
            Slot held = gate.slot();
            CompletableFuture<Slot> next = gate.slotAsync();
            held.close();
            assertThat(next).succeedsWithin(Await.DEADLINE);
        } finally {
            letGo.countDown();
            busy.forEach(CompletableFuture::join);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("no thread interrupts a stage", e);
        }
    }

    @Test
    void stagesThatBlockHoldUpNoOtherGrant() throws Exception {
        CountDownLatch letGo = new CountDownLatch(1);
        try (AdaptiveCpuGate gate = gate(12)) {
            List<Slot> held = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                held.add(gate.slot());
            }
            List<CompletableFuture<Slot>> line = line(gate, 12);
            for (CompletableFuture<Slot> each : line.subList(0, 11)) {
                var unused = each.thenAccept(slot -> await(letGo));
            }
            held.forEach(Slot::close);
            assertThat(line.get(11)).succeedsWithin(Await.DEADLINE);
        } finally {
            letGo.countDown();
        }
    }

    @Test
    void manyGrantsStartFewThreads() throws Exception {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        AdaptiveCpuGate gate = gate(1);
        Slot held = gate.slot();
        List<CompletableFuture<Slot>> granted = line(gate, 5_000);
        List<CompletableFuture<Slot>> refused = line(gate, 5_000);
        for (List<CompletableFuture<Slot>> part : List.of(granted, refused)) {
            for (CompletableFuture<Slot> each : part) {
                var unused = each.whenComplete((slot, failure) -> threads.add(Thread.currentThread()));
            }
        }

        gate.setSlots(5_001, 5_001);
        gate.close();
        held.close();
        Await.until(
                "all futures are complete",
                () -> granted.stream().allMatch(CompletableFuture::isDone)
                        && refused.stream().allMatch(CompletableFuture::isDone));
        assertThat(granted).noneMatch(CompletableFuture::isCompletedExceptionally);
        assertThat(threads)
                .as("two at once; after a pause, in which they end, two others")
                .doesNotContain(Thread.currentThread())
                .hasSizeLessThan(20);
        assertThat(threads).allMatch(thread -> thread.getName().equals("cpugate-completer-test"));
        Await.until("the threads end", () -> threads.stream().noneMatch(Thread::isAlive));
    }

    @Test
    void theUsersExecutorCompletesFutures() throws Exception {
        Deque<Runnable> tasks = new ConcurrentLinkedDeque<>();
        try (AdaptiveCpuGate gate = governed(1).executor(tasks::add).build()) {
            Slot held = gate.slot();
            CompletableFuture<Slot> next = gate.slotAsync();
            held.close();
            assertThat(next).isNotDone();
            tasks.remove().run();
            assertThat(next).isCompleted();
        }
    }

    @Test
    void ifTheUsersExecutorRejectsTheGatesThreadsCompleteTheFuture() throws Exception {
        try (AdaptiveCpuGate gate = governed(1)
                .executor(task -> {
                    throw new RejectedExecutionException("shut down");
                })
                .build()) {
            for (int i = 0; i < 2; i++) {
                Slot held = gate.slot();
                CompletableFuture<String> next = gate.slotAsync().thenApply(slot -> {
                    slot.close();
                    return Thread.currentThread().getName();
                });
                held.close();
                assertThat(next).succeedsWithin(Await.DEADLINE).isEqualTo("cpugate-completer-test");
            }
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            assertThat(log.messagesAt(Level.WARN))
                    .singleElement()
                    .asString()
                    .contains("the executor of gate 'test' fails", "shut down");
        }
    }

    @Test
    void aBackOffEndsOnAThreadOfTheGate() throws Exception {
        try (AdaptiveCpuGate gate = gate(1)) {
            Slot slot = gate.slot();
            Thread end = Thread.currentThread();
            // Tries longer times until one does not end before this thread has added its stage.
            for (long millis = 50; end == Thread.currentThread() && millis < 10_000; millis *= 2) {
                slot.rateLimited(Duration.ofMillis(millis));
                slot.pause();
                CompletableFuture<Thread> ended = slot.resumeAsync().thenApply(resumed -> Thread.currentThread());
                assertThat(ended).succeedsWithin(Await.DEADLINE);
                end = ended.join();
            }
            assertThat(end.getName()).isEqualTo("cpugate-completer-test");
        }
    }

    @Test
    void aLongChainOnAnExecutorThatRunsTasksAtOnceDoesNotFillTheStack() throws Exception {
        try (AdaptiveCpuGate gate = governed(1).executor(Runnable::run).manual().build()) {
            Slot held = gate.slot();
            List<CompletableFuture<Void>> sessions = line(gate, 20_000).stream()
                    .map(slot -> slot.thenAccept(Slot::close))
                    .toList();
            held.close();
            assertThat(CompletableFuture.allOf(sessions.toArray(CompletableFuture[]::new)))
                    .succeedsWithin(Await.DEADLINE);
            assertThat(gate.awaitIdle(Await.DEADLINE)).isTrue();
        }
    }

    @Test
    void anExecutorThatRefusesKeepsNoDiscardedTaskFromBeingCancelled() {
        try (AdaptiveCpuGate gate =
                governed(1).executor(CompletionTest::refuse).manual().build()) {
            FutureTask<Integer> task = new FutureTask<>(() -> 1);
            gate.executor(discarded -> {}).execute(task);
            Await.until("the task is cancelled", () -> {
                System.gc();
                gate.step();
                return task.isCancelled();
            });
        }
    }

    @Test
    void anExecutorThatRefusesKeepsNoTaskFromBeingTriedAgain() {
        try (AdaptiveCpuGate gate =
                governed(1).executor(CompletionTest::refuse).manual().build()) {
            AtomicInteger calls = new AtomicInteger();
            Executor executor = gate.executor(task -> {
                if (calls.incrementAndGet() == 2) {
                    throw new RejectedExecutionException("the worker is not idle yet");
                }
                task.run();
            });
            FutureTask<Integer> task = new FutureTask<>(() -> 1);
            Await.until("the rejection comes soon enough after the end of a task", () -> {
                calls.set(0);
                executor.execute(() -> {});
                try {
                    executor.execute(task);
                    return true;
                } catch (RejectedExecutionException e) {
                    return false;
                }
            });
            Await.until("the task has run", task::isDone);
        }
    }

    private static void refuse(Runnable task) {
        throw new RejectedExecutionException("no " + task);
    }
}
