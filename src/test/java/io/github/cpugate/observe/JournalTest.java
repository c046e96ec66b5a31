package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private static AdaptiveCpuGate gate(String name, Journal journal, double cpu) {
        return AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .maxSlots(8)
                .initialSlots(2)
                .sampler(() -> CpuSample.of(cpu))
                .listener(journal)
                .build();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<JsonNode> steps(Path file) throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        for (String line : lines(file)) {
            steps.add(JSON.readTree(line));
        }
        return steps;
    }

    @Test
    void aLineHasWhatAStepSawAndDidAndItsReason() throws Exception {
        Path file = folder.resolve("not/yet/created/gate.jsonl");
        Instant before = Instant.now();
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 95)) {
            try (Slot slot = gate.slot();
                    Slot other = gate.slot()) {
                assertThat(gate.trySlot(Duration.ofNanos(1))).isEmpty();
                gate.step();
                assertThat(List.of(slot, other)).hasSize(2);
            }
            gate.step();
        }
        List<JsonNode> steps = steps(file);
        assertThat(steps).hasSize(2);
        JsonNode first = steps.get(0);
        assertThat(Instant.parse(first.get("time").asText())).isBetween(before, Instant.now());
        assertThat(first.get("gate").asText()).isEqualTo("batch");
        assertThat(first.get("elapsed").asDouble()).isBetween(0.0, 60.0);
        assertThat(first.get("raw").asDouble()).isEqualTo(95);
        assertThat(first.get("smoothed").asDouble()).isEqualTo(95);
        assertThat(first.get("own").isNull()).isTrue();
        assertThat(first.get("others").isNull()).isTrue();
        assertThat(first.get("scope").asText()).isEqualTo("host");
        assertThat(first.get("target").asDouble()).isEqualTo(70);
        assertThat(first.get("limitBefore").asInt()).isEqualTo(2);
        assertThat(first.get("limit").asInt()).isEqualTo(1);
        assertThat(first.get("inFlight").asInt()).isEqualTo(2);
        assertThat(first.get("waiting").asInt()).isZero();
        assertThat(first.get("admitted").asInt()).isEqualTo(2);
        assertThat(first.get("timedOut").asInt()).isEqualTo(1);
        assertThat(first.get("limitReached").asBoolean()).isTrue();
        assertThat(first.get("reason").asText()).isEqualTo("OVER_TARGET");
        assertThat(first.get("health").asText()).isEqualTo("OK");
        assertThat(steps.get(1).get("admitted").asInt())
                .as("since the last step")
                .isZero();
        assertThat(steps.get(1).get("timedOut").asInt()).isZero();
    }

    @Test
    void aLineHasTheBottleneckAndTheTimesHeldBack() throws Exception {
        Path file = folder.resolve("gate.jsonl");
        try (HeldBackGate gate = new HeldBackGate(Journal.jsonLines(file))) {
            gate.run();
        }
        assertThat(steps(file)).hasSize(6);
        JsonNode refused = steps(file).get(1);
        assertThat(refused.get("limit").asInt()).isEqualTo(1);
        assertThat(refused.get("cpuLimit").asInt()).isEqualTo(3);
        assertThat(refused.get("apiCeiling").asInt()).isEqualTo(1);
        assertThat(refused.get("rateLimited").asInt()).isEqualTo(2);
        assertThat(refused.get("bottleneck").asText()).isEqualTo("API");
        assertThat(refused.get("heldBackByMaxSlots").asDouble()).isEqualTo(3);
        assertThat(refused.get("heldBackByCpu").asDouble()).isEqualTo(1);
        assertThat(refused.get("heldBackByApi").asDouble()).isEqualTo(2.5);
        JsonNode later = steps(file).get(2);
        assertThat(later.get("reason").asText()).isEqualTo("RATE_LIMITED");
        assertThat(later.get("rateLimited").asInt()).as("since the last step").isZero();
        assertThat(later.get("heldBackByApi").asDouble()).isEqualTo(60);
        assertThat(later.get("heldBackByCpu").asDouble()).isZero();
        assertThat(steps(file).get(5).get("bottleneck").asText())
                .as("no caller is in line")
                .isEqualTo("NONE");
    }

    @Test
    void specialCharactersInAGateNameAreEscaped() throws Exception {
        String name = "a\"b\\c\nd\te\u2028\u0001,<script>\ud800é";
        Path json = folder.resolve("gate.jsonl");
        try (AdaptiveCpuGate gate = gate(name, Journal.jsonLines(json), 60)) {
            gate.step();
        }
        assertThat(steps(json))
                .singleElement()
                .satisfies(step -> assertThat(step.get("gate").asText()).isEqualTo(name));

        Path csv = folder.resolve("gate.csv");
        try (AdaptiveCpuGate gate = gate(name, Journal.csv(csv), Double.NaN)) {
            gate.step();
        }
        assertThat(lines(csv)).hasSize(2);
        assertThat(lines(csv).get(1))
                .contains(",\"a\"\"b\\c d\te \u0001,<script>?é\",")
                .contains(",NO_READING,");
    }

    @Test
    void everyCsvLineHasTheFieldsOfTheHeader() {
        Path file = folder.resolve("gate.csv");
        for (int run = 0; run < 2; run++) {
            try (AdaptiveCpuGate gate = gate("batch", Journal.csv(file), 60)) {
                gate.step();
            }
        }
        assertThat(lines(file)).as("the second run continues the file").hasSize(3);
        assertThat(lines(file).get(0)).startsWith("time,gate,elapsed,raw,smoothed,own,others,");
        assertThat(lines(file))
                .allSatisfy(line -> assertThat(line.split(",", -1)).hasSize(30));
        assertThat(lines(file).get(1)).as("an unknown value is empty").contains(",60.0,60.0,,,host,,70.0,");
    }

    @Test
    void jsonAndCsvHaveTheSameFieldNames() throws Exception {
        Path json = folder.resolve("gate.jsonl");
        Path csv = folder.resolve("gate.csv");
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> CpuSample.of(60))
                .listener(Journal.jsonLines(json))
                .listener(Journal.csv(csv))
                .build()) {
            gate.step();
        }
        List<String> names = new ArrayList<>();
        steps(json).get(0).fieldNames().forEachRemaining(names::add);
        assertThat(lines(csv).get(0)).isEqualTo(String.join(",", names));
    }

    @Test
    void closingAManualGateWritesAllSteps() {
        Path file = folder.resolve("gate.jsonl");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            for (int i = 0; i < 2000; i++) {
                gate.step();
            }
        }
        assertThat(lines(file)).hasSize(2000);
    }

    @Test
    void closingAGateWithAGovernorThreadWritesAllSteps() {
        Path file = folder.resolve("gate.jsonl");
        List<Object> reports = new ArrayList<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofMillis(1))
                .sampler(() -> CpuSample.of(60))
                .listener(reports::add)
                .listener(Journal.jsonLines(file))
                .build()) {
            Await.until("twenty steps are written", () -> lines(file).size() >= 20);
            assertThat(gate.snapshot().closed()).isFalse();
        }
        assertThat(lines(file)).hasSameSizeAs(reports);
    }

    @Test
    void aFileThatReachesItsMaximumSizeIsRenamed() throws IOException {
        Path file = folder.resolve("gate.csv");
        long line;
        try (AdaptiveCpuGate gate = gate("batch", Journal.csv(file), 60)) {
            gate.step();
        }
        line = Files.size(file);
        Files.delete(file);
        for (int i = 1; i <= 10; i++) { // one write each, since the journal ends with the gate
            try (AdaptiveCpuGate gate = gate("batch", Journal.csv(file, line + 10, 2), 60)) {
                gate.step();
            }
        }
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("gate.csv", "gate.1.csv", "gate.2.csv");
        for (String name : List.of("gate.csv", "gate.1.csv", "gate.2.csv")) {
            assertThat(lines(folder.resolve(name)))
                    .hasSize(2)
                    .first()
                    .asString()
                    .startsWith("time,");
        }
    }

    @Test
    void aFolderThatVanishesIsCreatedAgain() throws IOException {
        Path file = folder.resolve("logs/gate.jsonl");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
            Await.until("the step is written", () -> lines(file).size() == 1);
            Files.delete(file);
            Files.delete(file.getParent());
            gate.step();
            Await.until("the next step is written", () -> lines(file).size() == 1);
            assertThat(log.messagesAt(Level.WARN)).isEmpty();
        }
    }

    @Test
    void anUnwritableFileIsLoggedOnceAndWrittenWhenItCanBe() throws IOException {
        Path file = folder.resolve("logs/gate.jsonl");
        Files.writeString(folder.resolve("logs"), "in the way");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            gate.step();
            Files.delete(folder.resolve("logs"));
            Await.until("the step is written", () -> {
                gate.step();
                return !lines(file).isEmpty();
            });
            Await.until(
                    "the end of the fault is logged",
                    () -> log.messagesAt(Level.INFO).stream()
                            .anyMatch(message -> message.matches("journal .* is written again; steps lost: [0-9]+")));
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("logs/gate.jsonl cannot be");
        }
    }

    @Test
    void aFullDiskDoesNotAffectTheGate() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "there is no /dev/full");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(full), 95)) {
            for (int i = 0; i < 20; i++) {
                gate.step();
            }
            assertThat(gate.snapshot().limit()).isEqualTo(1);
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            gate.close();
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("No space left");
        }
    }

    @Test
    void aTornLineIsNotContinued() throws IOException {
        Path file = Files.writeString(folder.resolve("gate.jsonl"), "{\"time\":\"20");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
        }
        assertThat(lines(file)).hasSize(2);
        assertThat(JSON.readTree(lines(file).get(1)).get("raw").asDouble()).isEqualTo(60);
    }

    @Test
    void linesAreEncodedInUtf8() throws IOException {
        Path file = folder.resolve("gate.jsonl");
        try (AdaptiveCpuGate gate = gate("größe", Journal.jsonLines(file), 60)) {
            gate.step();
        }
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.UTF_8)).contains("größe");
    }

    @Test
    void aClosedJournalWritesNothingAndMayBeClosedAgain() {
        Path file = folder.resolve("gate.jsonl");
        Journal journal = Journal.jsonLines(file);
        AdaptiveCpuGate gate = gate("batch", journal, 60);
        gate.step();
        gate.close();
        journal.close();
        gate.step();
        assertThat(lines(file)).hasSize(1);
        assertThat(journal).hasToString("journal " + file);
    }

    @Test
    void invalidSizesAreRejected() {
        Path file = folder.resolve("gate.jsonl");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Journal.jsonLines(file, 0, 1))
                .withMessage("maxBytes must be at least 1, was 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Journal.csv(file, 1, -1))
                .withMessage("olderFiles must not be negative, was -1");
    }
}
