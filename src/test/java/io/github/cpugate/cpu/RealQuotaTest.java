package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.cpugate.demo.QuotaGroup;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
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
            var first = meter.readings();
            long start = System.nanoTime();
            while (System.nanoTime() - start < 1_000_000_000L) {
                Thread.onSpinWait();
            }
            CpuReading reading = meter.readings().get(0);
            System.out.println(first + ";" + reading.percent() + ";" + reading.own() + ";" + reading.scope());
        }
    }

    private static QuotaGroup group(String name) {
        try {
            return QuotaGroup.create(name, 0.5);
        } catch (IOException e) {
            return abort("no control group can be created here: " + e);
        }
    }

    private static Process start(QuotaGroup group) {
        try {
            return group.start(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Spinning.class.getName()));
        } catch (IOException e) {
            return abort("no process can be moved into a control group here: " + e);
        }
    }

    @Test
    void aSpinningJvmUsesUpItsQuota() throws IOException {
        String name = "cpugate-test-" + ProcessHandle.current().pid();
        try (QuotaGroup group = group(name)) {
            Process jvm = start(group);
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
}
