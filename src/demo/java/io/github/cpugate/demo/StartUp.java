package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/** Times what a fresh JVM pays for its first gate: {@code build()}, the first slot, and the first reading of CPU. */
public final class StartUp {

    private StartUp() {}

    /**
     * Prints one line of figures.
     *
     * @param args none
     * @throws InterruptedException if interrupted
     */
    public static void main(String[] args) throws InterruptedException {
        long start = System.nanoTime();
        AdaptiveCpuGate first = AdaptiveCpuGate.builder().build();
        long built = System.nanoTime();
        Slot slot = first.slot();
        long admitted = System.nanoTime();
        slot.close();

        Stepped stepped = new Stepped();
        long startOfSecond = System.nanoTime();
        AdaptiveCpuGate second = AdaptiveCpuGate.builder().listener(stepped).build();
        long secondBuilt = System.nanoTime();
        stepped.await();
        System.out.printf(
                Locale.ROOT,
                "first build() %.1f ms, first slot() %.2f ms, first step done %.0f ms after, second build() %.2f ms%n",
                millis(built - start),
                millis(admitted - built),
                millis(System.nanoTime() - built),
                millis(secondBuilt - startOfSecond));
        first.close();
        second.close();
    }

    /** A class, not a lambda: the first lambda of a JVM takes longer than what is measured here. */
    private static final class Stepped extends CountDownLatch implements GateListener {

        Stepped() {
            super(1);
        }

        @Override
        public void onStep(StepReport step) {
            countDown();
        }
    }

    private static double millis(long nanos) {
        return nanos / 1e6;
    }
}
