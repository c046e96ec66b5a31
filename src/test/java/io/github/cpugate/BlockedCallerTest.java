package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Threads that are not as others are. */
class BlockedCallerTest {

    private final WaitingLine line = new WaitingLine("test", 1, 8, 1, System::nanoTime, 0, new CallingThread());

    private Slot take() {
        Slot slot = new Slot(line);
        assertThat(line.tryEnter(slot)).isTrue();
        return slot;
    }

    private void assertLine(int inFlight, int waiting) {
        assertThat(line.report()).returns(inFlight, LineReport::inFlight).returns(waiting, LineReport::waiting);
    }

    /** A thread whose wait ends with an Error, as one whose stack has run out. */
    private final class Doomed extends Thread {

        private final @Nullable Runnable last;
        private final CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        private volatile boolean doomed;

        Doomed(@Nullable Runnable last) {
            this.last = last;
        }

        @Override
        public void run() {
            try {
                line.enter(new Slot(line));
            } catch (Throwable t) {
                thrown.complete(t);
            }
        }

        /** Looked at by the thread itself, whenever it wakes. */
        @Override
        public boolean isInterrupted() {
            if (!doomed) {
                return super.isInterrupted();
            }
            if (last != null) {
                last.run();
            }
            throw new StackOverflowError("doomed");
        }

        Throwable meetsItsEnd() {
            start();
            Await.until("it stands in line", () -> line.report().waiting() == 1);
            Await.parked(this);
            doomed = true;
            interrupt();
            return thrown.join();
        }
    }

    @Test
    void anErrorInTheWaitLeavesTheLine() {
        Slot held = take();

        assertThat(new Doomed(null).meetsItsEnd()).hasMessage("doomed");
        assertLine(1, 0);
        held.close();
        assertLine(0, 0);
    }

    @Test
    void anErrorAfterTheGrantGivesTheSlotBack() {
        Slot held = take();
        assertThat(new Doomed(() -> {
                            held.close();
                            assertLine(1, 0);
                        })
                        .meetsItsEnd())
                .hasMessage("doomed");
        assertLine(0, 0);
    }

    @Test
    void aGrantBetweenTheLastLookAndTheParkingIsNotLost() {
        Slot held = take();
        CompletableFuture<Boolean> served = new CompletableFuture<>();
        Thread caller = new Thread("caller") {
            @Override
            public void run() {
                try {
                    line.enter(new Slot(line));
                    served.complete(true);
                } catch (InterruptedException e) {
                    served.completeExceptionally(e);
                }
            }

            /** Looked at after the state, and before the thread parks. */
            @Override
            public boolean isInterrupted() {
                held.close();
                return super.isInterrupted();
            }
        };
        caller.setDaemon(true);

        caller.start();
        Await.until("it is served", served::isDone);
        assertLine(1, 0);
    }

    @Test
    void aPoolWithASpareWorkerDoesNotStarveWhileOneWaits() {
        Slot held = take();
        ForkJoinPool pool = new ForkJoinPool(1);
        try {
            ForkJoinTask<?> waits = pool.submit(() -> {
                line.enter(new Slot(line));
                return null;
            });
            Await.until("it stands in line", () -> line.report().waiting() == 1);
            pool.submit(held::close).join(); // the only worker is the one that waits
            waits.join();
            assertLine(1, 0);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aPoolThatFailsToMakeASpareWorkerLetsItsOnlyOneWait() {
        Slot held = take();
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
            ForkJoinTask<?> waits = pool.submit(() -> {
                line.enter(new Slot(line));
                return null;
            });
            Await.until("it stands in line, or has failed", () -> line.report().waiting() == 1 || waits.isDone());
            held.close();
            waits.join();
            assertLine(1, 0);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aPoolThatHasNoSpareWorkerLetsItsOnlyOneWait() {
        Slot held = take();
        ForkJoinPool pool = new ForkJoinPool(
                1, ForkJoinPool.defaultForkJoinWorkerThreadFactory, null, false, 1, 1, 1, null, 1, TimeUnit.MINUTES);
        try {
            ForkJoinTask<?> waits = pool.submit(() -> {
                line.enter(new Slot(line));
                return null;
            });
            Await.until("it stands in line", () -> line.report().waiting() == 1);
            held.close();
            waits.join();
            assertLine(1, 0);
        } finally {
            pool.shutdownNow();
        }
    }
}
