package io.github.cpugate.bench;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Times how long a line of 100,000 futures holds up the thread that closes the gate, or that raises the limit for all
 * of them at once, and until all futures are complete.
 */
public final class ManyFutures {

    private static final int CALLERS = 100_000;
    private static final int ROUNDS = 7;

    private ManyFutures() {}

    /**
     * Prints a table.
     *
     * @param args none
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        System.out.printf(
                Locale.ROOT,
                "%d processors, Java %s, %,d futures in line; median of %d rounds (least-most), ms%n",
                Runtime.getRuntime().availableProcessors(),
                Runtime.version(),
                CALLERS,
                ROUNDS);
        measure("close()", AdaptiveCpuGate::close);
        measure("setSlots()", gate -> gate.setSlots(CALLERS + 1, CALLERS + 1));
    }

    private interface Action {
        void on(AdaptiveCpuGate gate);
    }

    private static void measure(String name, Action action) throws InterruptedException {
        double[] calls = new double[ROUNDS];
        double[] ends = new double[ROUNDS];
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        for (int round = 0; round < ROUNDS; round++) {
            AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                    .period(Duration.ofHours(1))
                    .sampler(() -> CpuSample.of(60))
                    .build();
            Slot held = gate.slot();
            List<CompletableFuture<Slot>> line = new ArrayList<>(CALLERS);
            for (int i = 0; i < CALLERS; i++) {
                CompletableFuture<Slot> future = gate.slotAsync();
                var unused = future.whenComplete((slot, failure) -> threads.add(Thread.currentThread()));
                line.add(future);
            }
            CompletableFuture<Void> all = CompletableFuture.allOf(line.toArray(CompletableFuture[]::new))
                    .handle((value, failure) -> null);
            long start = System.nanoTime();
            action.on(gate);
            calls[round] = (System.nanoTime() - start) / 1e6;
            var unused = all.join();
            ends[round] = (System.nanoTime() - start) / 1e6;
            gate.close();
            held.close();
        }
        Arrays.sort(calls);
        Arrays.sort(ends);
        System.out.printf(
                Locale.ROOT,
                "%-10s returned after %4.0f (%.0f-%.0f), all futures complete after %4.0f (%.0f-%.0f), on %d threads%n",
                name,
                calls[ROUNDS / 2],
                calls[0],
                calls[ROUNDS - 1],
                ends[ROUNDS / 2],
                ends[0],
                ends[ROUNDS - 1],
                threads.size());
    }
}
