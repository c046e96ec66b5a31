package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs JVMs that may use some processors of this host only: with {@code taskset}, or as root with a cpuset. */
@Tag("slow")
@Timeout(120)
class RealProcessorsTest {

    private static final int SETTLED = 48; // steps
    private static final int STEPS = 96;
    private static final long PERIOD_NANOS = 250_000_000;

    /** Fills a gate with sessions, and prints the CPU of processor 0 after it has settled. */
    public static final class Sessions {

        private Sessions() {}

        public static void main(String[] args) throws Exception {
            ExecutorService threads = Executors.newCachedThreadPool(task -> {
                Thread thread = new Thread(task);
                thread.setDaemon(true);
                return thread;
            });
            StepPolicy policy = args[0].equals("headroom") ? StepPolicy.headroom() : StepPolicy.oneSlot();
            try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                    .targetCpu(70)
                    .maxSlots(32)
                    .policy(policy)
                    .period(Duration.ofNanos(PERIOD_NANOS))
                    .build()) {
                for (int i = 0; i < 40; i++) {
                    threads.execute(() -> runSessions(gate));
                }
                boolean paused;
                TickSpan used;
                int tries = 0;
                do { // again after a pause of this JVM, in which the sessions use less
                    paused = pass(SETTLED);
                    long[] before = processor0();
                    paused |= pass(STEPS - SETTLED);
                    used = TickSpan.between(before, processor0());
                    tries++;
                } while (paused && tries < 3);
                System.out.println(used.percent() + ";" + gate.snapshot().limit() + ";"
                        + gate.snapshot().cpu().scope());
            }
            System.exit(0);
        }

        /** Waits for one step after the other, and returns whether a pause of this JVM has made that longer. */
        private static boolean pass(int steps) {
            long began = System.nanoTime();
            for (int i = 0; i < steps; i++) {
                LockSupport.parkNanos(PERIOD_NANOS);
            }
            return System.nanoTime() - began > 1.1 * steps * PERIOD_NANOS;
        }

        private static long[] processor0() throws IOException {
            return new LinuxProcessors(Path.of("/")).ticks().get(0);
        }

        /**
         * Streams for a second, with 5 % of a processor by the thread's own clock, its wake-ups included, so that
         * sessions cost the same on every machine.
         */
        private static void runSessions(AdaptiveCpuGate gate) {
            ThreadMXBean clock = ManagementFactory.getThreadMXBean();
            while (true) {
                try (Slot slot = gate.slot()) {
                    long began = System.nanoTime();
                    long used = clock.getCurrentThreadCpuTime();
                    while (System.nanoTime() - began < 1_000_000_000) {
                        while (clock.getCurrentThreadCpuTime() - used < (System.nanoTime() - began) / 20) {
                            Thread.onSpinWait();
                        }
                        LockSupport.parkNanos(9_500_000);
                    }
                } catch (InterruptedException | GateClosedException e) {
                    return;
                }
            }
        }
    }

    /** Spins, and prints the scope and the own CPU of each reading of the default sampler. */
    public static final class Reading {

        private Reading() {}

        public static void main(String[] args) throws IOException {
            Thread spinning = new Thread(() -> {
                while (true) {
                    Thread.onSpinWait();
                }
            });
            spinning.setDaemon(true);
            spinning.start();
            CpuSampler sampler = CpuSampler.ofHost();
            while (System.in.available() == 0) {
                CpuSample sample = sampler.sample();
                System.out.println(sample.scope() + ";" + sample.health() + ";" + sample.own());
                LockSupport.parkNanos(400_000_000);
            }
        }
    }

    @BeforeEach
    void assumeTwoProcessors() throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/stat")), "not Linux");
        Map<Integer, long[]> ticks = new LinuxProcessors(Path.of("/")).ticks();
        assumeTrue(ticks.containsKey(0) && ticks.containsKey(1), "not two processors");
        assumeTrue(new LinuxProcessors(Path.of("/")).allowed().isEmpty(), "this JVM is restricted itself");
    }

    private static Process onProcessor(int number, ProcessBuilder process) {
        List<String> command = new ArrayList<>(List.of("taskset", "-c", String.valueOf(number)));
        command.addAll(process.command());
        return Processes.start(process.command(command));
    }

    @ParameterizedTest(name = "{0}, a stranger burns the other processor: {1}")
    @CsvSource({"oneSlot, false", "oneSlot, true", "headroom, false", "headroom, true"})
    void theAllowedProcessorIsHeldAtItsTarget(String policy, boolean stranger) throws IOException {
        List<Process> started = new ArrayList<>();
        try {
            if (stranger) {
                started.add(onProcessor(1, new ProcessBuilder("sh", "-c", "while :; do :; done")));
            }
            Process jvm = onProcessor(0, Processes.java(Sessions.class.getName(), policy));
            started.add(jvm);
            String output = Processes.outputOf(jvm);
            String[] result = output.strip().replaceAll("(?s).*\n", "").split(";", -1);

            assertThat(result).as(output).hasSize(3);
            // The plain rule rests anywhere in its band, wherever the rest of the machine puts it.
            double least = policy.equals("oneSlot") ? 0.8 * 70 - 2 : 62;
            assertThat(Double.parseDouble(result[0])).as(output).isBetween(least, 78.0);
            assertThat(Integer.parseInt(result[1])).as(output).isGreaterThan(1);
            assertThat(result[2]).startsWith("processors 0 of ");
        } finally {
            started.forEach(Process::destroyForcibly);
        }
    }

    @Test
    void aCpusetThatChangesTakesEffectAtTheNextStep() throws IOException {
        Path group = Path.of(
                "/sys/fs/cgroup/cpuset/cpugate-test-" + ProcessHandle.current().pid());
        Process jvm = null;
        try {
            createCpuset(group);
            jvm = Processes.start(Processes.java(Reading.class.getName()));
            BufferedReader lines = jvm.inputReader();
            assertThat(readingsUntil("host;OK", lines)).isLessThan(30);
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(jvm.pid()));
            assertThat(readingsUntil("processors 0 of", lines))
                    .as("the first may be before the move")
                    .isLessThan(4);
            Files.writeString(group.resolve("cpuset.cpus"), "1");
            assertThat(readingsUntil("processors 1 of", lines)).isLessThan(3);
            assertThat(Double.parseDouble(lines.readLine().split(";", -1)[2]))
                    .as("own CPU of one processor, on which one thread spins")
                    .isGreaterThan(50);
            Files.writeString(Path.of("/sys/fs/cgroup/cpuset/cgroup.procs"), Long.toString(jvm.pid()));
            assertThat(readingsUntil("host;OK", lines)).isLessThan(3);
            assertThat(lines.readLine()).as("and goes on").startsWith("host;OK");
        } finally {
            if (jvm != null) {
                jvm.destroyForcibly().onExit().join();
            }
            Files.deleteIfExists(group);
        }
    }

    private static void createCpuset(Path group) throws IOException {
        try {
            Files.createDirectory(group);
            Files.writeString(group.resolve("cpuset.mems"), "0");
            Files.writeString(group.resolve("cpuset.cpus"), "0");
        } catch (IOException e) {
            Files.deleteIfExists(group);
            abort("no cpuset can be created here: " + e);
        }
    }

    /** Returns how many readings there were before one that begins so. */
    private static int readingsUntil(String begin, BufferedReader lines) throws IOException {
        for (int readings = 0; ; readings++) {
            String line = lines.readLine();
            assertThat(line).as("ended before %s", begin).isNotNull();
            if (line.startsWith(begin)) {
                return readings;
            }
        }
    }
}
