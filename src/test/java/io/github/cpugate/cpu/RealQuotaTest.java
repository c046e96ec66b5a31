package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.cpugate.demo.QuotaGroup;
import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs a JVM in a real control group with a quota, where one can be created: as root, with version 1. */
@Tag("slow")
class RealQuotaTest {

    /** Spins for one second, and prints the reading of its group. */
    public static final class Spinning {

        private Spinning() {}

        public static void main(String[] args) {
            QuotaMeter meter = new QuotaMeter(Path.of("/"), new ProcessCpu(), System::nanoTime);
            long next = System.nanoTime();
            var first = meter.readings();
            CpuReading reading;
            long began;
            int tries = 0;
            do { // again after a pause of this JVM that is longer than those that its quota makes
                began = next;
                long start = System.nanoTime();
                while (System.nanoTime() - start < 1_000_000_000L) {
                    Thread.onSpinWait();
                }
                next = System.nanoTime();
                reading = meter.readings().get(0);
                tries++;
            } while (System.nanoTime() - began > 1_500_000_000L && tries < 10);
            System.out.println(first + ";" + reading.percent() + ";" + reading.own() + ";" + reading.scope());
        }
    }

    private static QuotaGroup group(String name, double cores) {
        try {
            return QuotaGroup.create(name, cores);
        } catch (IOException e) {
            return abort("no control group can be created here: " + e);
        }
    }

    private static Process start(QuotaGroup group, Class<?> main, String... args) {
        List<String> arguments = new ArrayList<>(List.of(main.getName()));
        arguments.addAll(List.of(args));
        try {
            return group.start(Processes.java(arguments.toArray(String[]::new)).command());
        } catch (IOException e) {
            return abort("no process can be moved into a control group here: " + e);
        }
    }

    @Test
    void aSpinningJvmUsesUpItsQuota() throws IOException {
        String name = "cpugate-test-" + ProcessHandle.current().pid();
        try (QuotaGroup group = group(name, 0.5)) {
            Process jvm = start(group, Spinning.class);
            try {
                String[] output = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .strip()
                        .split(";", -1);
                assertThat(output).hasSize(4);
                assertThat(output[0]).as("the first read only primes").isEqualTo("[]");
                assertThat(Double.parseDouble(output[1]))
                        .as("on a busy machine it may get less than its quota")
                        .isBetween(30.0, 100.0);
                assertThat(Double.parseDouble(output[2])).isBetween(30.0, 130.0);
                assertThat(output[3]).isEqualTo("cgroup /" + name + " (0.5 cores)");
            } finally {
                jvm.destroyForcibly().onExit().join();
            }
        }
    }

    /**
     * Works for about half of its quota in a group whose parent has the same, and prints how often the scope changed in
     * 200 readings; then lowers the quota of the group, and prints after how many readings that one governs.
     */
    public static final class Nested {

        private Nested() {}

        public static void main(String[] args) throws Exception {
            Thread working = new Thread(() -> {
                Random random = new Random(1);
                while (true) {
                    long end = System.nanoTime() + (long) (4e6 * random.nextDouble());
                    while (System.nanoTime() < end) {
                        Thread.onSpinWait();
                    }
                    LockSupport.parkNanos((long) (4e6 * random.nextDouble()));
                }
            });
            working.setDaemon(true);
            working.start();
            QuotaMeter meter = new QuotaMeter(Path.of("/"), new ProcessCpu(), System::nanoTime);
            ScopeChoice choice = new ScopeChoice();
            meter.readings();
            LockSupport.parkNanos(50_000_000);
            String parent = "cgroup " + args[0] + " (1.0 cores)";
            var first = choice.choose(meter.readings().stream()
                    .filter(each -> each.scope().equals(parent))
                    .toList());
            int changes = 0;
            String scope = first.scope();
            for (int i = 0; i < 200; i++) {
                String now = next(meter, choice).scope();
                changes += now.equals(scope) ? 0 : 1;
                scope = now;
            }
            Files.writeString(Path.of("/sys/fs/cgroup/cpu" + args[1] + "/cpu.cfs_quota_us"), "80000");
            int readings = 1;
            while (next(meter, choice).scope().equals(parent)) {
                readings++;
            }
            System.out.println(changes + ";" + readings);
            System.exit(0);
        }

        private static CpuReading next(QuotaMeter meter, ScopeChoice choice) {
            LockSupport.parkNanos(50_000_000);
            return choice.choose(meter.readings());
        }
    }

    @Test
    void aGroupAndItsParentWithTheSameQuotaDoNotTakeTurns() throws IOException {
        String name = "cpugate-test-" + ProcessHandle.current().pid();
        try (QuotaGroup parent = group(name, 1);
                QuotaGroup group = group(name + "/child", 1)) {
            Process jvm = start(group, Nested.class, "/" + name, "/" + name + "/child");
            try {
                String[] output = Processes.outputOf(jvm).strip().split(";", -1);

                assertThat(parent).isNotNull();
                assertThat(output).hasSize(2);
                assertThat(Integer.parseInt(output[0]))
                        .as("changes in 200 readings")
                        .isLessThanOrEqualTo(5);
                assertThat(Integer.parseInt(output[1]))
                        .as("readings until the tighter quota governs; the first one spans the change")
                        .isLessThanOrEqualTo(5);
            } finally {
                jvm.destroyForcibly().onExit().join();
            }
        }
    }
}
