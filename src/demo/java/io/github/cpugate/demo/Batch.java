package io.github.cpugate.demo;

import com.anthropic.errors.AnthropicServiceException;
import com.sun.management.OperatingSystemMXBean;
import io.github.cpugate.clients.Anthropic;
import io.github.cpugate.cpu.CpuSampler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** Runs sessions, each on its own thread and under a limiter, and meters the run once a second. */
public final class Batch {

    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final List<Session> sessions;
    private final CpuSampler meter;
    private final Consumer<Tick> live;

    /**
     * A batch of these sessions; they are started together and stand in line in about this order.
     *
     * @param live told of each tick, on the thread that runs the batch; what it throws ends the run
     */
    public Batch(List<Session> sessions, CpuSampler meter, Consumer<Tick> live) {
        this.sessions = sessions;
        this.meter = meter;
        this.live = live;
    }

    /**
     * Runs to the end, leaving the ticks in {@code file}. If interrupted, leaves at once; the sessions' threads are
     * daemons.
     */
    public RunResult run(Limiter limiter, DoubleSupplier convergedAt, @Nullable Path file)
            throws InterruptedException, IOException {
        Double[] wall = new Double[sessions.size()];
        List<Tick> ticks = new ArrayList<>();
        CountDownLatch left = new CountDownLatch(sessions.size());
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        meter.sample(); // so that the first tick's reading begins here
        double cpuBefore = processCpuSeconds();
        long start = System.nanoTime();
        for (int i = 0; i < sessions.size(); i++) {
            int number = i;
            Thread thread = new Thread(
                    () -> {
                        try (Limiter.Held held = limiter.enter()) {
                            long admitted = System.nanoTime();
                            runUntilServed(sessions.get(number), held);
                            wall[number] = seconds(System.nanoTime() - admitted);
                        } catch (Throwable t) {
                            failure.compareAndSet(null, t);
                        } finally {
                            left.countDown();
                        }
                    },
                    "session-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        try (JsonLines lines = file == null ? null : new JsonLines(file)) {
            for (int second = 1; failure.get() == null; second++) {
                long due = start + TimeUnit.SECONDS.toNanos(second);
                if (left.await(due - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    break;
                }
                Limiter.Counts now = limiter.counts();
                Tick tick = new Tick(
                        seconds(System.nanoTime() - start),
                        meter.sample().raw(),
                        now.limit(),
                        now.inFlight(),
                        now.waiting(),
                        sessions.size() - (int) left.getCount());
                ticks.add(tick);
                live.accept(tick);
                if (lines != null) {
                    lines.write(tick);
                }
            }
        }
        double batchSeconds = seconds(System.nanoTime() - start);
        Throwable failed = failure.get();
        if (failed != null) {
            throw new IllegalStateException("a session failed", failed);
        }
        return new RunResult(
                ticks, convergedAt.getAsDouble(), List.of(wall), batchSeconds, processCpuSeconds() - cpuBefore);
    }

    private static void runUntilServed(Session session, Limiter.Held held) throws InterruptedException {
        boolean served = false;
        while (!served) {
            try {
                session.run();
                served = true;
            } catch (AnthropicServiceException e) {
                held.refused(Anthropic.refusal(e).orElseThrow(() -> e).retryAfter());
            }
        }
    }

    static double processCpuSeconds() {
        return seconds(PROCESS.getProcessCpuTime());
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }
}
