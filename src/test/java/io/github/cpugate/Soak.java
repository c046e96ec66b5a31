package io.github.cpugate;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.StepPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Runs many callers on one gate, and counts what happens to them. */
final class Soak implements AutoCloseable {

    /** The highest limit that is ever set, in slots. */
    static final int HIGHEST = 10;

    private static final long STUCK = TimeUnit.SECONDS.toNanos(10);

    final LongAdder admitted = new LongAdder();
    final LongAdder givenBack = new LongAdder();
    final LongAdder turnedAway = new LongAdder();
    final LongAdder timedOut = new LongAdder();
    final LongAdder interrupted = new LongAdder();
    final LongAdder cancelled = new LongAdder();
    final LongAdder closedTwice = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder paused = new LongAdder();

    final AdaptiveCpuGate gate;
    final Executor inSlots;
    final List<SoakCaller> callers = new ArrayList<>();

    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final BlockingQueue<Runnable> handedOverWork = new LinkedBlockingQueue<>();
    private final ExecutorService pool = Executors.newFixedThreadPool(2, Soak::daemon);
    private final List<Thread> helpers = List.of(daemon(this::runHandedOverWork), daemon(this::runHandedOverWork));
    private volatile boolean stopping;

    Soak(long seed, int callerCount, ThreadFactory threads) {
        SplittableRandom cpu = new SplittableRandom(seed);
        gate = AdaptiveCpuGate.builder()
                .name("soak")
                .maxSlots(HIGHEST)
                .initialSlots(HIGHEST / 2)
                .period(Duration.ofMillis(1))
                .policy(StepPolicy.oneSlot().unconditional())
                .sampler(() -> CpuSample.of(cpu.nextInt(20) == 0 ? Double.NaN : cpu.nextDouble(100)))
                .build();
        AtomicInteger started = new AtomicInteger();
        inSlots = gate.executor(task -> {
            if (started.incrementAndGet() % 50 == 0) {
                throw new RejectedExecutionException("every fiftieth task");
            }
            pool.execute(task);
        });
        for (int i = 0; i < callerCount; i++) {
            callers.add(new SoakCaller(this, 1000 * seed + i, threads));
        }
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    }

    /** Runs the callers for at least that time and until that number of slots was acquired, and waits for their end. */
    void run(long acquisitions, Duration time) throws InterruptedException {
        helpers.forEach(Thread::start);
        long began = System.nanoTime();
        callers.forEach(caller -> caller.thread.start());
        long[] rounds = new long[callers.size()];
        long[] movedAt = new long[callers.size()];
        Arrays.fill(movedAt, began);
        for (int i = 0; i < callers.size() && failure.get() == null; ) {
            SoakCaller caller = callers.get(i);
            if (caller.ended.await(20, TimeUnit.MILLISECONDS)) {
                i++;
            }
            long now = System.nanoTime();
            stopping |= now - began >= time.toNanos() && admitted.sum() >= acquisitions;
            for (int c = 0; c < rounds.length; c++) {
                SoakCaller each = callers.get(c);
                if (each.rounds != rounds[c] || each.ended.getCount() == 0) {
                    rounds[c] = each.rounds;
                    movedAt[c] = now;
                } else if (now - movedAt[c] > STUCK) {
                    failed("no progress for 10 s", each.seed, null);
                }
            }
        }
        stopping = true;
        if (failure.get() != null) {
            throw new AssertionError(failure.get().getMessage() + "\n" + dump(), failure.get());
        }
    }

    boolean isStopping() {
        return stopping || failure.get() != null;
    }

    void failed(String what, long seed, @Nullable Throwable cause) {
        failure.compareAndSet(null, new AssertionError(what + "; seed " + seed, cause));
    }

    private String dump() {
        StringBuilder text = new StringBuilder(gate.toString())
                .append("; the callers count ")
                .append(inFlight)
                .append(" in flight");
        for (SoakCaller caller : callers) {
            text.append("\nseed ").append(caller.seed).append(", ").append(caller.thread.getState());
            text.append(", round ").append(caller.rounds).append(", ").append(caller.doing);
            for (StackTraceElement frame : caller.thread.getStackTrace()) { // works for a virtual thread too
                text.append("\n    at ").append(frame);
            }
        }
        Thread.getAllStackTraces().forEach((thread, stack) -> {
            text.append('\n').append(thread);
            for (StackTraceElement frame : stack) {
                text.append("\n    at ").append(frame);
            }
        });
        return text.toString();
    }

    /**
     * Must be called after a slot was granted, so that never more sessions are counted in flight than slots are held.
     */
    void enter(long seed) {
        admitted.increment();
        int now = inFlight.incrementAndGet();
        if (now > HIGHEST) {
            failed(now + " are in flight, and the limit was never above " + HIGHEST, seed, null);
        }
    }

    /** Must be called before the slot is closed. */
    void leave() {
        inFlight.decrementAndGet();
        givenBack.increment();
    }

    int inFlight() {
        return inFlight.get();
    }

    /** Runs the work on another thread. */
    void handOver(Runnable work) {
        handedOverWork.add(work);
    }

    private void runHandedOverWork() {
        try {
            while (true) {
                handedOverWork.take().run();
            }
        } catch (InterruptedException e) {
            // The soak has ended.
        } catch (Throwable t) {
            failed("a slot could not be closed on another thread", -1, t);
        }
    }

    /** A session that ends with a stage. It leaves before the stage completes, and so before its slot is closed. */
    final class Session extends CompletableFuture<String> {

        private boolean left;

        Session(long seed) {
            enter(seed);
        }

        void finish() {
            end();
            complete("done");
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            end();
            return super.cancel(mayInterrupt);
        }

        private synchronized void end() {
            if (!left) {
                left = true;
                leave();
            }
        }
    }

    String summary() {
        long rounds = callers.stream().mapToLong(caller -> caller.rounds).sum();
        StringBuilder text = new StringBuilder();
        text.append(admitted).append(" acquisitions in ").append(rounds).append(" rounds; of the rounds");
        appendShare(text, "turned away", turnedAway, rounds);
        appendShare(text, "timed out", timedOut, rounds);
        appendShare(text, "interrupted", interrupted, rounds);
        appendShare(text, "cancelled", cancelled, rounds);
        appendShare(text, "closed twice", closedTwice, rounds);
        appendShare(text, "rejected by the delegate", rejected, rounds);
        appendShare(text, "paused", paused, rounds);
        return text.toString();
    }

    private static void appendShare(StringBuilder text, String what, LongAdder count, long rounds) {
        text.append(String.format(Locale.ROOT, ", %s %.1f %%", what, 100.0 * count.sum() / Math.max(1, rounds)));
    }

    @Override
    public void close() {
        stopping = true;
        gate.close();
        helpers.forEach(Thread::interrupt);
        pool.shutdownNow();
    }
}
