package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills a process that has a journal open, or limits the size of its files. */
@Tag("slow")
class KilledJournalTest {

    private static final int PERIOD_MILLIS = 20;
    private static final int STEPS = 50;

    @TempDir
    Path folder;

    /** The process. It prints each step, after the gate has handed it to the journal. */
    static final class Child {

        private Child() {}

        public static void main(String[] args) throws InterruptedException {
            try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                    .period(Duration.ofMillis(PERIOD_MILLIS))
                    .sampler(() -> CpuSample.of(60))
                    .listener(Journal.jsonLines(Path.of(args[0])))
                    .listener(step -> System.out.println("step"))
                    .build()) {
                new CountDownLatch(1).await(); // until it is killed
                assertThat(gate).isNotNull();
            }
        }
    }

    /** A process that makes steps. It prints the log. */
    static final class Steps {

        private Steps() {}

        public static void main(String[] args) {
            try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                    .manual()
                    .sampler(() -> CpuSample.of(60))
                    .listener(Journal.jsonLines(Path.of(args[0])))
                    .build()) {
                for (int i = 0; i < STEPS; i++) {
                    gate.step();
                }
            }
        }
    }

    /** Counts complete lines: part of one may be visible while it is being written. */
    private static long linesOf(Path file) {
        try {
            return Files.exists(file)
                    ? Files.readString(file).chars().filter(c -> c == '\n').count()
                    : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void theJournalOfAKilledProcessIsReadableUpToItsLastSecond() throws Exception {
        Path file = folder.resolve("gate.jsonl");
        Path output = folder.resolve("output");
        Process process = Processes.start(
                Processes.java(Child.class.getName(), file.toString()).redirectOutput(output.toFile()));
        try {
            Await.until("some steps are written", () -> !process.isAlive() || linesOf(file) >= STEPS);
        } finally {
            process.destroyForcibly().waitFor(); // with SIGKILL, on systems that have it
        }
        long steps = Files.readAllLines(output).stream().filter("step"::equals).count();
        List<String> lines = Files.readAllLines(file);
        assertThat(lines.size())
                .as("%d steps were made; those of up to a second may be missing", steps)
                .isGreaterThanOrEqualTo(STEPS)
                .isGreaterThanOrEqualTo((int) steps - 1000 / PERIOD_MILLIS);
        ObjectMapper json = new ObjectMapper();
        for (String line : lines.subList(0, lines.size() - 1)) {
            assertThat(json.readTree(line).get("raw").asDouble()).isEqualTo(60);
        }

        Path page = folder.resolve("report.html");
        Report.write(page, List.of(file));
        assertThat(Files.readString(page)).contains(lines.get(STEPS - 1).substring(0, 60));
    }

    @Test
    void aWriteThatIsCutShortLosesTheRestOnly() throws Exception {
        Path file = folder.resolve("gate.jsonl");
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 9 && exec \"$@\"", "sh"));
        command.addAll(Processes.java("-XX:-UsePerfData", Steps.class.getName(), file.toString())
                .command());
        Process process = Processes.start(new ProcessBuilder(command).redirectErrorStream(true));
        String log = Processes.outputOf(process);
        assertThat(process.waitFor()).as(log).isZero();
        Matcher lost = Pattern.compile("is closed; steps lost: ([0-9]+)").matcher(log);
        assertThat(lost.find()).as(log).isTrue();
        ObjectMapper json = new ObjectMapper();
        List<String> lines = Files.readAllLines(file);
        String torn = lines.remove(lines.size() - 1);
        assertThat(torn).startsWith("{").doesNotEndWith("}");
        assertThat(lines).hasSize(STEPS - Integer.parseInt(lost.group(1)));

        Steps.main(new String[] {file.toString()});
        List<String> after = Files.readAllLines(file);
        assertThat(after).hasSize(lines.size() + 1 + STEPS).startsWith(lines.toArray(String[]::new));
        assertThat(after.get(lines.size())).isEqualTo(torn);
        for (String line : after.subList(lines.size() + 1, after.size())) {
            assertThat(json.readTree(line).get("raw").asDouble()).isEqualTo(60);
        }
    }
}
