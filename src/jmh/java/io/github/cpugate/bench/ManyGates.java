package io.github.cpugate.bench;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What a gate costs in a process that has many: threads, CPU and memory, at the default period, with nobody waiting.
 *
 * <p>CPU is that of the threads' own clocks; that of the whole process includes compiling and the collection of
 * garbage. Memory is measured once all gates have made some steps: heap after a collection, and what else of the
 * process is resident. The heap must be fixed and touched beforehand ({@code -Xms}, {@code -Xmx} and
 * {@code -XX:+AlwaysPreTouch}), so that resident memory does not count it. That of one gate is lost in the noise.
 */
public final class ManyGates {

    private static final int[] COUNTS = {1, 100, 500};
    private static final int STEPS_BEFORE = 3;

    private ManyGates() {}

    /** CPU used up to a moment, nanoseconds. */
    private record Cpu(long at, long governors, long watches, long process) {

        static Cpu now() {
            return new Cpu(
                    System.nanoTime(),
                    ofThreads("cpugate-governor-"),
                    ofThreads("cpugate-watch-"),
                    ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                            .getProcessCpuTime());
        }

        private static long ofThreads(String names) {
            var clocks = ManagementFactory.getThreadMXBean();
            return threads(names)
                    .mapToLong(thread -> Math.max(0, clocks.getThreadCpuTime(thread.getId())))
                    .sum();
        }
    }

    /**
     * Prints a table.
     *
     * @param args how many seconds to measure each row for; 60 by default
     * @throws InterruptedException if interrupted
     * @throws IOException if /proc/self/status cannot be read
     */
    public static void main(String[] args) throws InterruptedException, IOException {
        int seconds = args.length == 0 ? 60 : Integer.parseInt(args[0]);
        Machine.print("bench-gates", args);
        CpuSample constant = CpuSample.of(60);
        measure(500, CpuSampler::ofHost, seconds); // until the code is compiled
        System.out.println("| gates | sampler | threads | governors, CPU of one core | watches | whole process |"
                + " heap, KB a gate | other memory, KB a gate |");
        System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (int gates : COUNTS) {
            System.out.println(row(gates, "default", measure(gates, CpuSampler::ofHost, seconds)));
            System.out.println(row(gates, "constant", measure(gates, () -> () -> constant, seconds)));
        }
    }

    private static String row(int gates, String sampler, String cells) {
        return "| " + gates + " | " + sampler + " | " + cells;
    }

    private static String measure(int count, Supplier<CpuSampler> samplers, int seconds)
            throws InterruptedException, IOException {
        AtomicInteger steps = new AtomicInteger();
        List<AdaptiveCpuGate> gates = new ArrayList<>();
        double heap = liveHeapKilobytes();
        double resident = residentKilobytes();
        for (int i = 0; i < count; i++) {
            CpuSampler sampler = samplers.get();
            gates.add(AdaptiveCpuGate.builder()
                    .sampler(() -> {
                        steps.incrementAndGet();
                        return sampler.sample();
                    })
                    .build());
        }
        while (steps.get() < STEPS_BEFORE * count) {
            Thread.sleep(100);
        }
        Cpu from = Cpu.now();
        Thread.sleep(1000L * seconds);
        Cpu to = Cpu.now();
        double nanos = to.at - from.at;
        String cells = String.format(
                Locale.ROOT,
                "%d | %.3f %% | %.3f %% | %.2f %% | %.0f | %s |",
                threads("cpugate-").count(),
                100 * (to.governors - from.governors) / nanos,
                100 * (to.watches - from.watches) / nanos,
                100 * (to.process - from.process) / nanos,
                (liveHeapKilobytes() - heap) / count,
                count == 1 ? "–" : String.format(Locale.ROOT, "%.0f", (residentKilobytes() - resident) / count));
        for (AdaptiveCpuGate gate : gates) {
            gate.close();
        }
        Thread.sleep(2000); // for their threads to end
        return cells;
    }

    private static Stream<Thread> threads(String names) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(names));
    }

    private static double liveHeapKilobytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1024.0;
    }

    private static double residentKilobytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("/proc/self/status has no VmRSS");
    }
}
