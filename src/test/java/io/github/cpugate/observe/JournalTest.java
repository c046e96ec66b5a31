package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
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
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    static AdaptiveCpuGate gate(String name, Journal journal, double cpu) {
        return AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .maxSlots(8)
                .initialSlots(2)
                .sampler(() -> CpuSample.of(cpu))
                .listener(journal)
                .build();
    }

    static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<JsonNode> steps(Path file) throws IOException {
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
    void aLineHasPausedSessionsAndResumptions() throws Exception {
        Path file = folder.resolve("gate.jsonl");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60);
                Slot slot = gate.slot();
                Slot other = gate.slot()) {
            slot.pause();
            slot.resume();
            other.rateLimited(Duration.ofMinutes(1));
            other.pause();
            CompletableFuture<Slot> backingOff = other.resumeAsync();
            gate.step();
            assertThat(backingOff).isNotDone();
        }
        JsonNode step = steps(file).get(0);
        assertThat(step.get("admitted").asInt()).isEqualTo(2);
        assertThat(step.get("paused").asInt()).isEqualTo(1);
        assertThat(step.get("backingOff").asInt()).isEqualTo(1);
        assertThat(step.get("resumed").asInt()).isEqualTo(1);
        assertThat(step.get("rejected").asInt()).isZero();
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
                .contains(",\"a\"\"b\\c d e  ,<script>?é\",")
                .contains(",NO_READING,");
    }

    @Test
    void controlCharactersAreEscapedOrBecomeSpaces() throws Exception {
        String name = "\u202egnp.exe a\u0000b\u0085c\u2066d\u2069\u200f";
        Path json = folder.resolve("gate.jsonl");
        Path csv = folder.resolve("gate.csv");
        for (Journal journal : List.of(Journal.jsonLines(json), Journal.csv(csv))) {
            try (AdaptiveCpuGate gate = gate(name, journal, 60)) {
                gate.step();
            }
        }
        assertThat(lines(json).get(0)).contains("\"\\u202egnp.exe a\\u0000b\\u0085c\\u2066d\\u2069\\u200f\"");
        assertThat(steps(json).get(0).get("gate").asText()).isEqualTo(name);
        assertThat(lines(csv).get(1)).contains(", gnp.exe a b c d  ,");
    }

    @Test
    void aTextThatLooksLikeAFormulaBeginsWithAnApostropheInCsv() {
        Path file = folder.resolve("gate.csv");
        for (String name : List.of("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "=A(\"b\")", "a=b")) {
            try (AdaptiveCpuGate gate = gate(name, Journal.csv(file), 60)) {
                gate.step();
            }
        }
        assertThat(lines(file).stream().skip(1).map(line -> line.split(",", -1)[1]))
                .containsExactly("'=1+1", "'+1", "'-2+3", "'@SUM(A1)", "' =1", "\"'=A(\"\"b\"\")\"", "a=b");
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
                .allSatisfy(line -> assertThat(line.split(",", -1)).hasSize(38));
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
        AtomicLong reports = new AtomicLong();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofMillis(20)) // in a pause of the machine, shorter ones would fill the journal's queue
                .sampler(() -> CpuSample.of(60))
                .listener(step -> reports.incrementAndGet())
                .listener(Journal.jsonLines(file))
                .build()) {
            Await.until("twenty steps are written", () -> lines(file).size() >= 20);
            assertThat(gate.snapshot().closed()).isFalse();
        }
        Await.until("all steps are written", () -> lines(file).size() == reports.get());
    }

    @Test
    void theTimeIsThatOfTheStepHoweverLateItsReportComes() throws IOException {
        AtomicLong clock = new AtomicLong();
        List<StepReport> reports = new ArrayList<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> CpuSample.of(60))
                .nanoClock(clock::get)
                .listener(reports::add)
                .build()) {
            gate.step();
            clock.set(TimeUnit.SECONDS.toNanos(60));
            gate.step();
        }
        Path file = folder.resolve("gate.jsonl");
        try (Journal journal = Journal.jsonLines(file)) {
            journal.onStep(reports.get(1)); // if this one is on time, the next one is a minute late
            journal.onStep(reports.get(0));
        }
        List<Instant> times = steps(file).stream()
                .map(step -> Instant.parse(step.get("time").asText()))
                .toList();
        assertThat(times.get(0)).isCloseTo(Instant.now(), within(20, ChronoUnit.SECONDS));
        assertThat(times.get(1)).isCloseTo(times.get(0).minusSeconds(60), within(1, ChronoUnit.SECONDS));
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
