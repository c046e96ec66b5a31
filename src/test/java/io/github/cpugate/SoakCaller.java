package io.github.cpugate;

import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A thread that takes slots in every way. The seed determines what it does, but not how that ends. */
final class SoakCaller {

    final long seed;
    final Thread thread;
    final CountDownLatch ended = new CountDownLatch(1);
    volatile long rounds;
    volatile String doing = "nothing yet";

    private final Soak soak;
    private final AdaptiveCpuGate gate;
    private final SplittableRandom random;

    /** A slot that was closed long ago: closing it again must not affect the slots that are held now. */
    private @Nullable Slot old;

    /** What was started and not yet waited for. At most one, or the line would grow without bound. */
    private Future<?> pending = CompletableFuture.completedFuture(null);

    SoakCaller(Soak soak, long seed, ThreadFactory threads) {
        this.soak = soak;
        this.gate = soak.gate;
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.thread = threads.newThread(this::run);
    }

    private void run() {
        try {
            for (long made = 1; !soak.isStopping(); made++) {
                try {
                    round();
                } catch (InterruptedException e) {
                    soak.interrupted.increment();
                }
                rounds = made;
            }
            waitFor(pending);
        } catch (Throwable t) {
            soak.failed("a caller failed: " + t, seed, t);
        } finally {
            ended.countDown();
        }
    }

    private void round() throws InterruptedException {
        int what = random.nextInt(100);
        if (what < 25) {
            doing = "slot()";
            use(gate.slot());
        } else if (what < 35) {
            tryRepeatedly();
        } else if (what < 55) {
            doing = "trySlot(Duration)";
            Optional<Slot> slot = gate.trySlot(Duration.ofNanos(random.nextInt(60_000)));
            slot.ifPresentOrElse(this::use, soak.timedOut::increment);
        } else if (what < 72) {
            takeAsync();
        } else if (what < 86) {
            callAsync();
        } else if (what < 91) {
            execute();
        } else if (what < 94) {
            doing = "interrupting";
            soak.callers.get(random.nextInt(soak.callers.size())).thread.interrupt();
        } else if (what < 97) {
            changeTheLimit();
        } else {
            checkSnapshot();
        }
    }

    private void tryRepeatedly() {
        doing = "trySlot()";
        for (int left = random.nextInt(20); left >= 0; left--) {
            Optional<Slot> slot = gate.trySlot();
            if (slot.isEmpty()) {
                soak.turnedAway.increment();
                return;
            }
            use(slot.get());
        }
    }

    private void use(Slot slot) {
        soak.enter(seed);
        switch (random.nextInt(10)) {
            case 0 ->
                soak.handOver(() -> {
                    soak.leave();
                    slot.close();
                });
            case 1 -> {
                soak.closedTwice.increment();
                soak.leave();
                soak.handOver(slot::close);
                slot.close();
            }
            case 2 -> {
                soak.leave();
                slot.close();
                if (old != null) {
                    soak.closedTwice.increment();
                    old.close();
                }
                old = slot;
            }
            case 3 -> {
                soak.leave();
                if (random.nextInt(4) == 0) {
                    slot.rateLimited(Duration.ofNanos(1 + random.nextInt(50_000)));
                }
                slot.pause();
                if (resumes(slot)) {
                    soak.enter(seed);
                    spin(random.nextInt(100));
                    soak.leave();
                }
                slot.close();
            }
            default -> {
                spin(random.nextInt(100));
                soak.leave();
                slot.close();
            }
        }
    }

    /** Returns whether the session may go on, with its slot held. */
    private boolean resumes(Slot slot) {
        int how = random.nextInt(6);
        doing = "resume(), way " + how;
        soak.paused.increment();
        try {
            if (how == 0) {
                soak.handOver(slot::close);
                slot.resume();
                return false; // it may be closed by now
            }
            if (how < 4) {
                CompletableFuture<Slot> back = slot.resumeAsync();
                if (how == 1) {
                    spin(random.nextInt(300));
                    back.cancel(false);
                } else {
                    back.orTimeout(random.nextInt(100), TimeUnit.MICROSECONDS);
                }
                if (back.handle((held, failure) -> held == slot).join()) {
                    return true;
                }
            }
            slot.resume(); // if resumeAsync() gave up, the slot is still paused
            return true;
        } catch (InterruptedException e) {
            soak.interrupted.increment();
            return false;
        } catch (IllegalStateException e) {
            if (how != 0) {
                throw e;
            }
            return false;
        }
    }

    private static void spin(int turns) {
        for (int i = 0; i < turns; i++) {
            Thread.onSpinWait();
        }
    }

    private void takeAsync() {
        CompletableFuture<Slot> future = gate.slotAsync();
        int how = random.nextInt(6);
        doing = "slotAsync(), way " + how;
        switch (how) {
            case 0 -> future.cancel(false);
            case 1 -> {
                spin(random.nextInt(300));
                future.cancel(false); // at about the time of the grant
            }
            case 2 -> future.orTimeout(random.nextInt(60), TimeUnit.MICROSECONDS);
            case 3 -> {
                waitFor(pending);
                pending = future.thenAccept(slot -> {
                    soak.enter(seed);
                    soak.leave();
                    slot.close();
                });
                return;
            }
            default -> {}
        }
        try {
            use(future.join());
        } catch (CancellationException e) {
            soak.cancelled.increment();
        } catch (CompletionException e) {
            countFailure(e);
        }
    }

    private void callAsync() {
        int how = random.nextInt(8);
        boolean onOtherThread = random.nextInt(4) == 0;
        doing = "callAsync(), way " + how;
        CompletableFuture<String> result = gate.callAsync(() -> {
            Soak.Session session = soak.new Session(seed);
            if (onOtherThread || how == 4) {
                soak.handOver(session::finish);
            } else {
                session.finish();
            }
            if (how == 1) {
                session.finish();
                throw new UnsupportedOperationException("the work failed");
            }
            return session;
        });
        switch (how) {
            case 2 -> result.cancel(false);
            case 3 -> {
                spin(random.nextInt(300));
                result.cancel(false);
            }
            case 4 -> result.orTimeout(random.nextInt(60), TimeUnit.MICROSECONDS);
            case 5 -> {
                waitFor(pending);
                pending = result;
                return;
            }
            default -> {}
        }
        try {
            var unused = result.join();
        } catch (CancellationException e) {
            soak.cancelled.increment();
        } catch (CompletionException e) {
            countFailure(e);
        }
    }

    private void countFailure(CompletionException e) {
        if (e.getCause() instanceof TimeoutException) {
            soak.timedOut.increment();
        } else if (!(e.getCause() instanceof UnsupportedOperationException)) {
            throw e;
        }
    }

    private void execute() {
        doing = "execute()";
        int turns = random.nextInt(100);
        boolean cancels = random.nextInt(10) == 0;
        FutureTask<?> task = new FutureTask<>(
                () -> {
                    soak.enter(seed);
                    spin(turns);
                    soak.leave();
                },
                null);
        waitFor(pending);
        try {
            soak.inSlots.execute(task);
        } catch (RejectedExecutionException e) {
            soak.rejected.increment();
            return;
        }
        pending = task;
        if (cancels && task.cancel(false)) {
            soak.cancelled.increment();
        }
    }

    private static void waitFor(Future<?> future) {
        boolean interrupted = false;
        while (true) {
            try {
                future.get();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (ExecutionException | CancellationException e) {
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void changeTheLimit() {
        if (random.nextBoolean()) {
            doing = "setSlots()";
            boolean low = random.nextInt(5) == 0; // not often: a low limit slows down all callers
            int min = low ? 1 + random.nextInt(3) : Soak.HIGHEST - 2;
            gate.setSlots(min, min + random.nextInt(Math.min(4, Soak.HIGHEST - min + 1)));
            return;
        }
        doing = "step()";
        StepReport step = gate.step();
        if (step.cpuLimit() < step.minSlots()
                || step.limitAfter() > step.maxSlots()
                || step.inFlight() > Soak.HIGHEST
                || step.meanInFlight() > Soak.HIGHEST) {
            soak.failed("a step that contradicts itself: " + step, seed, null);
        }
    }

    private void checkSnapshot() {
        doing = "snapshot()";
        GateSnapshot now = gate.snapshot();
        boolean inBounds = 1 <= now.minSlots()
                && now.minSlots() <= now.cpuLimit()
                && now.cpuLimit() <= now.maxSlots()
                && now.minSlots() <= now.limit()
                && now.limit() <= now.cpuLimit();
        boolean floorIsKeptFree = now.bottleneck() == Bottleneck.API && now.limit() == now.minSlots();
        boolean noCallerWaitsWhileASlotIsFree = now.waiting() == 0 || now.inFlight() >= now.limit() || floorIsKeptFree;
        if (!inBounds || !noCallerWaitsWhileASlotIsFree || now.inFlight() > Soak.HIGHEST || now.closed()) {
            soak.failed("a snapshot that contradicts itself: " + now, seed, null);
        }
    }
}
