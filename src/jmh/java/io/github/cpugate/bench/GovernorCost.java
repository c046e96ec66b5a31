package io.github.cpugate.bench;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import oshi.hardware.CentralProcessor;
import oshi.nativefree.SystemInfo;

/**
 * What the governor costs: CPU of a gate's threads for a step, at the default period.
 *
 * <p>By the CPU clocks of the threads, which Linux keeps in nanoseconds; those of the process count other threads, and
 * tick in hundredths of a second. Not counted is what a gate leaves to others: garbage, and compiling.
 *
 * <p>OSHI is to keep its counters for a millisecond ({@code -Doshi.util.memoizer.expiration=1}), so that steps made by
 * hand are whole ones without half an hour's wait. At the default period that changes nothing.
 */
public final class GovernorCost {

    private static final double PERIOD_MICROS = 2e6;
    private static final int WARM_UP = 10_000;
    private static final long NEW_TICKS_MILLIS = 16;
    private static final long WINDOW_MILLIS = 60_000; // thirty steps: in one of them quotas are looked for

    private static volatile long sink;

    private GovernorCost() {}

    /** Threads that make steps together, and how many they have made. */
    private record Stepping(String what, List<Thread> threads, AtomicInteger steps) {}

    /**
     * Prints a table.
     *
     * @param args how many minutes to measure each row for; 3 by default
     * @throws InterruptedException if interrupted
     * @throws IOException if /proc/stat cannot be opened
     */
    public static void main(String[] args) throws InterruptedException, IOException {
        int windows = args.length == 0 ? 3 : Integer.parseInt(args[0]);
        Machine.print("bench-governor", args);
        System.out.println("| | CPU a step, µs, median of " + windows + " minutes | least to most |"
                + " of one core at a period of 2 s |");
        System.out.println("| --- | --- | --- | --- |");

        AtomicInteger steps = new AtomicInteger();
        AdaptiveCpuGate gate = gate("host", CpuSampler.ofHost(), steps);
        Stepping ofGate = stepping("the gate", "host", steps);
        System.out.printf(Locale.ROOT, "| the first step: OSHI loads | %.0f | | |%n", micros(ofGate.threads));
        measure(1, "in the first minute", ofGate);
        for (int i = 0; i < WARM_UP; i++) {
            Thread.sleep(NEW_TICKS_MILLIS);
            gate.step();
        }
        measure(windows, "after " + WARM_UP + " steps", ofGate);
        gate.close();

        AtomicInteger constantSteps = new AtomicInteger();
        CpuSample constant = CpuSample.of(60);
        AdaptiveCpuGate blind = gate("constant", () -> constant, constantSteps);
        AtomicInteger listenedSteps = new AtomicInteger();
        AdaptiveCpuGate listened = gate("listened", () -> constant, listenedSteps, step -> sink = step.inFlight());
        CentralProcessor processor = new SystemInfo().getHardware().getProcessor();
        RandomAccessFile stat = new RandomAccessFile("/proc/stat", "r");
        byte[] line = new byte[256];
        List<Stepping> parts = new ArrayList<>();
        parts.add(stepping("the gate with a constant sampler", "constant", constantSteps));
        parts.add(stepping("the same, and a listener", "listened", listenedSteps));
        parts.add(waking("a thread that wakes", () -> {}));
        parts.add(waking(
                "a thread that wakes, and asks OSHI", () -> sink = processor.getSystemCpuLoadTicks()[0]));
        parts.add(waking("a thread that wakes, and parses `/proc/stat`, kept open", () -> sink = sum(stat, line)));
        for (int i = 0; i < WARM_UP; i++) {
            blind.step();
            listened.step();
        }
        measure(windows, "alone", parts.toArray(new Stepping[0]));
        blind.close();
        listened.close();
    }

    /** Counts by the sampler: a listener costs, and is for a row of its own. */
    private static AdaptiveCpuGate gate(String name, CpuSampler sampler, AtomicInteger steps, GateListener... listeners)
            throws InterruptedException {
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder().name(name).sampler(() -> {
            CpuSample sample = sampler.sample();
            steps.incrementAndGet();
            return sample;
        });
        for (GateListener listener : listeners) {
            builder.listener(listener);
        }
        AdaptiveCpuGate gate = builder.build();
        while (steps.get() == 0) {
            Thread.sleep(10);
        }
        return gate;
    }

    private static Stepping stepping(String what, String gate, AtomicInteger steps) {
        List<Thread> threads = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("cpugate-.*-" + gate))
                .toList();
        return new Stepping(what, threads, steps);
    }

    private static Stepping waking(String what, Runnable work) {
        AtomicInteger steps = new AtomicInteger();
        Thread thread = new Thread(() -> {
            for (int i = 0; i < WARM_UP; i++) {
                work.run();
                LockSupport.parkNanos(1_000_000);
            }
            while (true) {
                LockSupport.parkNanos(2_000_000_000);
                work.run();
                steps.incrementAndGet();
            }
        });
        thread.setDaemon(true);
        thread.start();
        return new Stepping(what, List.of(thread), steps);
    }

    private static void measure(int windows, String when, Stepping... all) throws InterruptedException {
        for (Stepping each : all) {
            int before = each.steps.get();
            while (each.steps.get() == before) {
                Thread.sleep(10); // until it is at the default period
            }
        }
        List<Figures> figures = new ArrayList<>();
        for (int i = 0; i < all.length; i++) {
            figures.add(new Figures());
        }
        for (int window = 0; window < windows; window++) {
            double[] micros = new double[all.length];
            int[] steps = new int[all.length];
            for (int i = 0; i < all.length; i++) {
                micros[i] = micros(all[i].threads);
                steps[i] = all[i].steps.get();
            }
            Thread.sleep(WINDOW_MILLIS);
            for (int i = 0; i < all.length; i++) {
                figures.get(i).add((micros(all[i].threads) - micros[i]) / (all[i].steps.get() - steps[i]));
            }
        }
        for (int i = 0; i < all.length; i++) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s, %s | %s | %.4f %% |%n",
                    all[i].what,
                    when,
                    figures.get(i).cells("%.0f"),
                    100 * figures.get(i).median() / PERIOD_MICROS);
        }
    }

    private static double micros(List<Thread> threads) {
        var clocks = ManagementFactory.getThreadMXBean();
        return threads.stream()
                .mapToDouble(thread -> clocks.getThreadCpuTime(thread.getId()) / 1e3)
                .sum();
    }

    /** The least that can be done to read the host's ticks. */
    private static long sum(RandomAccessFile stat, byte[] line) {
        try {
            stat.seek(0);
            int length = stat.read(line);
            long sum = 0;
            long number = 0;
            for (int i = 0; i < length && line[i] != '\n'; i++) {
                boolean digit = line[i] >= '0' && line[i] <= '9';
                sum += digit ? 0 : number;
                number = digit ? 10 * number + line[i] - '0' : 0;
            }
            return sum + number;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
