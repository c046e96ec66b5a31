package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.take;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Threads whose wait fails, and workers of fork-join pools that wait. */
class ThreadWaiterTest {

    private final WaitingLine line = LineFixture.lineOf(1);

    /** A thread whose wait ends with an Error, as if its stack overflowed. */
    private final class FailingThread extends Thread {

        private final @Nullable Runnable beforeFailure;
        private final CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        private volatile boolean fails;

        FailingThread(@Nullable Runnable beforeFailure) {
            this.beforeFailure = beforeFailure;
        }

        @Override
        public void run() {
            try {
                take(line);
            } catch (Throwable t) {
                thrown.complete(t);
            }
        }

        /** Called by this thread whenever it wakes up. */
        @Override
        public boolean isInterrupted() {
            if (!fails) {
                return super.isInterrupted();
            }
            if (beforeFailure != null) {
                beforeFailure.run();
            }
            throw new StackOverflowError("stack overflow in the test");
        }

        /** Waits until the thread is parked in line, makes it fail, and returns what it threw. */
        Throwable failInLine() {
            start();
            awaitWaiter();
            Await.parked(this);
            fails = true;
            interrupt();
            return thrown.join();
        }
    }

    private void awaitWaiter() {
        Await.until("a caller waits in line", () -> line.snapshot().waiting() == 1);
    }

    @Test
    void anErrorDuringTheWaitTakesTheThreadOutOfTheLine() {
        Slot held = takeFree(line);

        assertThat(new FailingThread(null).failInLine()).hasMessage("stack overflow in the test");
        assertLine(line, 1, 0);
        held.close();
        assertLine(line, 0, 0);
    }

    @Test
    void anErrorAfterTheGrantGivesTheSlotBack() {
        Slot held = takeFree(line);
        assertThat(new FailingThread(() -> {
                            held.close();
                            assertLine(line, 1, 0);
                        })
                        .failInLine())
                .hasMessage("stack overflow in the test");
        assertLine(line, 0, 0);
    }

    @Test
    void aGrantJustBeforeTheThreadParksIsNotLost() {
        Slot held = takeFree(line);
        CompletableFuture<Boolean> served = new CompletableFuture<>();
        Thread caller = new Thread("caller") {
            @Override
            public void run() {
                try {
                    take(line);
                    served.complete(true);
                } catch (InterruptedException e) {
                    served.completeExceptionally(e);
                }
            }

            /** Called by the waiting thread after it has checked its state, and before it parks. */
            @Override
            public boolean isInterrupted() {
                held.close();
                return super.isInterrupted();
            }
        };
        caller.setDaemon(true);

        caller.start();
        Await.until("the caller is served", served::isDone);
        assertLine(line, 1, 0);
    }

    @Test
    void aForkJoinPoolDoesNotStarveWhileItsWorkerWaits() {
        Slot held = takeFree(line);
        ForkJoinPool pool = new ForkJoinPool(1);
        try {
            ForkJoinTask<LineSlot> waiter = pool.submit(() -> take(line));
            awaitWaiter();
            pool.submit(held::close).join(); // the pool's only regular worker waits
            waiter.join();
            assertLine(line, 1, 0);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aWorkerWaitsEvenIfItsPoolFailsToStartASpareWorker() {
        Slot held = takeFree(line);
        AtomicBoolean first = new AtomicBoolean(true);
        ForkJoinPool pool = new ForkJoinPool(
                1,
                owner -> {
                    if (first.compareAndSet(true, false)) {
                        return ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(owner);
                    }
                    throw new IllegalStateException("no more threads");
                },
                null,
                false);
        try {
            ForkJoinTask<LineSlot> waiter = pool.submit(() -> take(line));
            Await.until(
                    "the worker waits in line, or has failed",
                    () -> line.snapshot().waiting() == 1 || waiter.isDone());
            held.close();
            waiter.join();
            assertLine(line, 1, 0);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aWorkerWaitsEvenIfItsPoolMayNotStartASpareWorker() {
        Slot held = takeFree(line);
        ForkJoinPool pool = new ForkJoinPool(
                1, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, false, 1, 1, 1, null, 1, TimeUnit.MINUTES);
        try {
            ForkJoinTask<LineSlot> waiter = pool.submit(() -> take(line));
            awaitWaiter();
            held.close();
            waiter.join();
            assertLine(line, 1, 0);
        } finally {
            pool.shutdownNow();
        }
    }
}
