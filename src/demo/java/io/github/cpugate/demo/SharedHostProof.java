package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.sim.Jain;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;

/**
 * JVMs on this host, each with a gate of the same target and more work than it can do, that start one after the other;
 * in the end the last one is killed. Each run is made with {@code shareHost} and without it.
 */
public final class SharedHostProof {

    private static final double TARGET = 70;
    private static final double NEAR = 8; // points
    private static final int WINDOW = 5; // steps over which Jain's index is taken
    private static final double SESSION_SHARE = 0.05; // of the host
    private static final Duration SESSION = Duration.ofSeconds(3);

    private SharedHostProof() {}

    /**
     * Runs the JVMs, and fails if those that share do not come to equal shares.
     *
     * @param args {@code short} for one run of two JVMs with {@code shareHost}, half a minute
     * @throws Exception if a run breaks
     */
    public static void main(String[] args) throws Exception {
        if (args.length == 3) {
            runGate(args[0], args[1], Duration.ofMillis(Long.parseLong(args[2])));
            return;
        }
        System.out.println("| JVMs | policy | shareHost | steps to Jain 0.95 | Jain then | host CPU | in band |"
                + " steps to take the room of a killed one |");
        System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
        boolean isShort = args.length == 1 && args[0].equals("short");
        if (isShort) {
            new Run(2, "headroom", true, Duration.ofMillis(500), 15, 60).check();
            return;
        }
        for (int jvms : new int[] {2, 3}) {
            for (String policy : List.of("oneSlot", "headroom")) {
                new Run(jvms, policy, true, Duration.ofSeconds(1), 20, 70).check();
                new Run(jvms, policy, false, Duration.ofSeconds(1), 20, 70);
            }
        }
    }

    private static void runGate(String directory, String policy, Duration period) throws IOException {
        int processors = Runtime.getRuntime().availableProcessors();
        AdaptiveCpuGate.Builder builder = AdaptiveCpuGate.builder()
                .targetCpu(TARGET)
                .maxSlots(64)
                .period(period)
                .policy(policy.equals("headroom") ? StepPolicy.headroom() : StepPolicy.oneSlot());
        if (!directory.equals("-")) {
            builder.shareHost(Path.of(directory));
        }
        CpuSessions.start(builder.build(), 64, SESSION_SHARE * processors, SESSION);
        while (System.in.read() >= 0) {
            // until the other process ends, if it does not kill this one before
        }
    }

    /** One run: makes its row of the table. */
    private static final class Run {

        private final Duration period;
        private final CentralProcessor processor =
                new SystemInfo().getHardware().getProcessor();
        private final List<Process> jvms = new ArrayList<>();
        private final List<double[]> used = new ArrayList<>(); // CPU time of each JVM, in seconds, at each step
        private final List<Double> host = new ArrayList<>(); // percent, at each step
        private long[] ticks = processor.getSystemCpuLoadTicks();
        private double steps = Double.NaN; // from the last start until Jain's index is at least 0.95
        private double jain;
        private final String row;

        Run(int number, String policy, boolean shares, Duration period, int apart, int together)
                throws IOException, InterruptedException {
            this.period = period;
            Path directory = Files.createTempDirectory("cpugate");
            try {
                for (int i = 0; i < number; i++) {
                    jvms.add(start(shares ? directory.toString() : "-", policy));
                    steps(i < number - 1 ? apart : 0);
                }
                int begin = used.size();
                steps(together);
                jvms.get(number - 1).destroyForcibly(); // kill -9
                int killed = used.size();
                steps(20);
                row = row(number, policy, shares, begin, killed);
                System.out.println(row);
            } finally {
                for (Process each : jvms) {
                    each.destroyForcibly().waitFor();
                }
                try (Stream<Path> files = Files.list(directory)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(directory);
            }
        }

        private Process start(String directory, String policy) throws IOException {
            return new ProcessBuilder(JavaCommand.of(List.of(
                            SharedHostProof.class.getName(), directory, policy, Long.toString(period.toMillis()))))
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.INHERIT)
                    .start();
        }

        private void steps(int number) throws InterruptedException {
            for (int i = 0; i < number; i++) {
                Thread.sleep(period.toMillis());
                used.add(jvms.stream()
                        .mapToDouble(jvm -> jvm.info()
                                        .totalCpuDuration()
                                        .orElse(Duration.ZERO)
                                        .toNanos()
                                / 1e9)
                        .toArray());
                long[] now = processor.getSystemCpuLoadTicks();
                host.add(100 * processor.getSystemCpuLoadBetweenTicks(ticks));
                ticks = now;
            }
        }

        private String row(int number, String policy, boolean shares, int begin, int killed) {
            for (int i = begin + WINDOW; i < killed && Double.isNaN(steps); i++) {
                steps = jain(i) >= 0.95 ? i - WINDOW - begin : Double.NaN;
            }
            int from = begin + 30;
            double sum = 0;
            for (int i = from + WINDOW; i < killed; i++) {
                sum += jain(i);
            }
            jain = sum / (killed - from - WINDOW);
            List<Double> settled = host.subList(from, killed);
            double mean = settled.stream().mapToDouble(each -> each).average().orElseThrow();
            double inBand = 100.0
                    * settled.stream()
                            .filter(each -> Math.abs(each - TARGET) <= NEAR)
                            .count()
                    / settled.size();
            int taken = killed + 1; // the step of the kill is no whole one
            while (taken < host.size() && host.get(taken) < 0.8 * TARGET) {
                taken++;
            }
            return String.format(
                    Locale.ROOT,
                    "| %d | `%s()` | %s | %s | %.2f | %.0f %% | %.0f %% | %s |",
                    number,
                    policy,
                    shares ? "yes" : "no",
                    Double.isNaN(steps) ? "never" : String.format(Locale.ROOT, "%.0f", steps),
                    jain,
                    mean,
                    inBand,
                    taken < host.size() ? Integer.toString(taken - killed) : "not in 20");
        }

        /** Jain's index of the CPU of the JVMs over some steps. */
        private double jain(int step) {
            double[] before = used.get(step - WINDOW);
            double[] now = used.get(step);
            double[] shares = new double[now.length];
            for (int i = 0; i < now.length; i++) {
                shares[i] = now[i] - (i < before.length ? before[i] : 0);
            }
            return Jain.index(shares);
        }

        void check() {
            if (!(steps <= 30 && jain >= 0.95)) {
                throw new IllegalStateException("the gates do not share the host: " + row);
            }
        }
    }
}
