package io.github.cpugate.demo;

import static io.github.cpugate.observe.Browser.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.cpugate.observe.Browser;
import io.github.cpugate.testing.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs a short main job and tests what its user sees: its output, a recording that is started while it runs, and its
 * report page. It takes a minute on all processors; {@code -Dtest=MainJobIT} runs it.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class MainJobIT {

    private static final int SESSIONS = 12;

    @TempDir
    Path folder;

    @Test
    void theMainJobCanBeRecordedAndWritesItsReport() throws Exception {
        Processes.assumeJcmd();
        Path recording = folder.resolve("job.jfr");
        Process job = Processes.start(Processes.java(
                        StreamingBatch.class.getName(), "--sessions=" + SESSIONS, "--slots=6", "--policy=fixed,oneSlot")
                .directory(folder.toFile()));
        List<String> output = new ArrayList<>();
        try (BufferedReader lines = job.inputReader()) {
            String line;
            while ((line = lines.readLine()) != null) {
                output.add(line);
                if (line.startsWith("Warming up")) {
                    Processes.jcmd(job, "JFR.start", "name=job", "filename=" + recording);
                }
            }
            assertThat(job.waitFor()).as(String.join("\n", output)).isZero();
        } finally {
            job.destroyForcibly();
        }
        Path page = folder.resolve(Path.of("target", "demo", "report.html"));
        assertThat(output).last().asString().endsWith(folder.relativize(page).toString());
        checkPage(page);
        List<RecordedEvent> events = RecordingFile.readAllEvents(recording);
        checkStates(named(events, "GateState"));
        checkWaits(named(events, "SlotWait"));
        checkChanges(named(events, "LimitChange"), named(events, "GateState"));
    }

    private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("io.github.cpugate." + name))
                .toList();
    }

    private static void checkStates(List<RecordedEvent> states) {
        assertThat(states).as("one every two seconds").hasSizeBetween(5, 60).allSatisfy(state -> {
            assertThat(state.getString("gate")).isEqualTo("gate, oneSlot()");
            assertThat(state.getInt("limit")).isBetween(2, 16);
            assertThat(state.getInt("inFlight")).isBetween(0, 16);
            assertThat(state.getInt("waiting")).isBetween(0, SESSIONS);
            assertThat(state.getFloat("target")).isEqualTo(0.7f);
        });
        assertThat(states.stream().mapToLong(state -> state.getLong("admitted")).sum())
                .as("all sessions were admitted before the last step")
                .isEqualTo(SESSIONS);
        assertThat(states)
                .filteredOn(state -> state.getString("health").equals("OK"))
                .hasSizeGreaterThanOrEqualTo(states.size() - 2)
                .allSatisfy(state -> {
                    float raw = state.getFloat("raw");
                    assertThat(raw).isBetween(0.02f, 1f);
                    assertThat(state.getFloat("smoothed")).isBetween(0.02f, 1f);
                    float own = state.getFloat("own"); // measured by another clock than raw, so it may exceed raw
                    assertThat(own).isBetween(0f, raw + 0.1f);
                    assertThat(state.getFloat("others")).isBetween(raw - own - 0.01f, raw);
                });
    }

    private static void checkWaits(List<RecordedEvent> waits) {
        assertThat(waits)
                .as("all sessions wait except those that take the first slots")
                .hasSizeBetween(2, SESSIONS - 2);
        assertThat(waits).allSatisfy(wait -> {
            assertThat(wait.getString("gate")).isEqualTo("gate, oneSlot()");
            assertThat(wait.getString("outcome")).isEqualTo("ADMITTED");
            assertThat(wait.getDuration()).isBetween(Duration.ofMillis(10), Duration.ofMinutes(2));
            assertThat(wait.getThread()).isNotNull();
        });
    }

    private static void checkChanges(List<RecordedEvent> changes, List<RecordedEvent> states) {
        assumeFalse(
                states.stream().allMatch(state -> state.getInt("limit") == 2),
                "other processes keep this host so busy that the limit stays at the floor, where it starts");
        assertThat(changes).isNotEmpty().allSatisfy(change -> {
            assertThat(change.getString("reason")).isIn("HEADROOM", "OVER_TARGET");
            int by = change.getInt("after") - change.getInt("before");
            if (change.getString("reason").equals("HEADROOM")) {
                assertThat(by).isEqualTo(1);
            } else { // several slots at the end, when fewer sessions are in flight than the limit allows
                assertThat(by).isNegative();
            }
        });
        assertThat(changes.get(0).getInt("before"))
                .as("the limit starts at the floor")
                .isEqualTo(2);
    }

    private void checkPage(Path page) throws IOException, InterruptedException {
        Browser browser = new Browser(folder);
        String dom = browser.elements(page);
        assertThat(texts(dom, "<h2>", "</h2>")).containsExactly("fixed 6", "gate, oneSlot()");
        assertThat(texts(dom, "class=\"answer\">", "</p>"))
                .hasSize(2)
                .allSatisfy(answer -> assertThat(answer).startsWith("Callers waited "));
        browser.assertReadable(page, 6); // three charts for each run
    }
}
