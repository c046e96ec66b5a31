package io.github.cpugate.observe;

import static io.github.cpugate.observe.Browser.texts;
import static io.github.cpugate.observe.JournaledStep.START;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.HostShare;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the page of journals that differ from what a gate writes: lines with few of its fields, impossible times, names
 * and values, and very many runs.
 */
@Tag("slow")
class OddJournalsTest {

    /** Values that no gate writes: as the last fields of a line they replace the earlier ones of that name. */
    private static final List<String> IMPOSSIBLE = List.of(
            "\"elapsed\":1e13",
            "\"elapsed\":1e17",
            "\"elapsed\":1e999",
            "\"elapsed\":-1e17",
            "\"elapsed\":{\"valueOf\":1}",
            "\"time\":\"-271821-04-20T00:00:00Z\"",
            "\"time\":\"+275760-09-13T00:00:00Z\"",
            "\"limit\":1e300",
            "\"limit\":-4",
            "\"limit\":0.5",
            "\"limitBefore\":1e17",
            "\"target\":-70",
            "\"target\":1e308",
            "\"raw\":1e308,\"smoothed\":-1e308,\"own\":1e300,\"others\":-1",
            "\"waiting\":1e15,\"inFlight\":-1,\"meanInFlight\":1e300",
            "\"minSlots\":1e17,\"maxSlots\":-1e17,\"cpuLimit\":1e99,\"apiCeiling\":-1e99",
            "\"admitted\":1e308,\"timedOut\":-1e308,\"rateLimited\":1e308,\"rejected\":1e308",
            "\"heldBackByCpu\":1e308,\"heldBackByApi\":-1e308,\"heldBackByMaxSlots\":5e-324",
            "\"gate\":[[[]]],\"scope\":{},\"reason\":[\"IN_BAND\"],\"health\":7,\"detail\":null");

    @TempDir
    Path folder;

    private Browser browser;
    private final StringBuilder lines = new StringBuilder();
    private String gate = "";
    private int seconds;

    @BeforeEach
    void createBrowser() {
        browser = new Browser(folder);
    }

    private static CpuSample cpu(double percent, double own) {
        return CpuSample.of(new CpuReading(percent, own, 0, CpuReading.HOST, 2), percent);
    }

    /** Adds this number of steps, of two seconds each, in which callers wait for CPU all of the time. */
    private void steps(int number, CpuSample cpu, int limit, int waiting, Reason reason) {
        for (int i = 0; i < number; i++) {
            seconds += 2;
            lines.append(JournaledStep.line(
                    gate, seconds, cpu, limit, limit, 8, 0, waiting, Bottleneck.CPU, 2000, reason, HostShare.ALONE));
        }
    }

    private Path pageOf(String... journals) throws IOException {
        List<Path> files = new ArrayList<>();
        for (String journal : journals) {
            files.add(Files.writeString(folder.resolve("journal-" + files.size() + ".jsonl"), journal));
        }
        Path page = folder.resolve("page.html");
        Report.write(page, files);
        return page;
    }

    /** A line with the fields that a step must have, and others. */
    private static String line(long elapsed, String more) {
        return "{\"elapsed\":" + elapsed + ",\"limit\":4,\"target\":70" + more + "}\n";
    }

    @Test
    void ofAThousandRunsOnlyThoseInViewAreBuiltAndDrawn() throws Exception {
        for (int run = 0; run < 1000; run++) {
            seconds = 0;
            gate = "run " + run;
            steps(3, cpu(65, 60), 5, 9, Reason.IN_BAND);
        }
        Path page = pageOf(lines.toString());
        String dom = browser.elements(page);
        assertThat(texts(dom, "<h2>", "</h2>"))
                .hasSizeBetween(20, 60)
                .startsWith("run 0", "run 1", "run 2")
                .doesNotHaveDuplicates();
        assertThat(notes(dom)).containsExactly("1000 runs; those further down appear when you scroll.");
        assertThat(drawn(dom)).isBetween(3, 60);

        String scrolled = browser.elementsOnce(
                page, "document.querySelectorAll('h2').length > 90", "scrollTo(0, document.body.scrollHeight)");
        assertThat(texts(scrolled, "<h2>", "</h2>"))
                .hasSizeBetween(91, 900)
                .startsWith("run 0", "run 1", "run 2")
                .doesNotHaveDuplicates();
        assertThat(drawn(scrolled)).as("charts out of view are erased").isBetween(3, 100);
    }

    private static List<String> notes(String dom) {
        int begin = dom.indexOf("id=\"notes\" role");
        return texts(dom.substring(begin, dom.indexOf("</div>", begin)), "<p class=\"soft\">", "</p>");
    }

    /** Chart.js gives the canvas a style while it draws there. */
    private static int drawn(String dom) {
        return dom.split("<canvas[^>]* style=\"[^\"]*display", -1).length - 1;
    }

    @Test
    void anImpossibleValueInAJournalHarmsNothing() throws Exception {
        List<String> journals = new ArrayList<>();
        for (int i = 0; i < IMPOSSIBLE.size(); i++) {
            seconds = 0;
            gate = "gate " + i;
            steps(30, cpu(65, 60), 5, 9, Reason.IN_BAND);
            int middle = lines.indexOf("}", lines.length() / 2);
            journals.add(lines.insert(middle, "," + IMPOSSIBLE.get(i)).toString());
            lines.setLength(0);
        }
        Path page = pageOf(journals.toArray(new String[0]));
        Files.writeString(page, """
                <script>setTimeout(() => dispatchEvent(new Event('beforeprint')), 500)</script>
                """, StandardOpenOption.APPEND);
        String dom = browser.elements(page);

        assertThat(texts(dom, "class=\"answer\">", "</p>"))
                .filteredOn(answer -> answer.startsWith("Callers waited "))
                .hasSameSizeAs(IMPOSSIBLE);
        assertThat(texts(dom, "<main", "</main>"))
                .noneMatch(text -> text.contains("NaN") || text.contains("Infinity") || text.contains("undefined"));
        assertThat(notes(dom)).noneMatch(note -> note.contains("fault"));
        assertThat(drawn(dom)).as("charts are drawn to be printed").isEqualTo(3 * IMPOSSIBLE.size());
    }

    @Test
    void pausedSessionsAndRejectedCallersAreFigures() throws Exception {
        String dom = browser.elements(pageOf(
                line(2, ",\"paused\":2,\"rejected\":3") + line(4, ",\"paused\":3,\"rejected\":4") + line(6, "")));
        assertThat(texts(dom, "<th scope=\"row\">", "</tr>"))
                .contains("paused, mean2.5", "turned away, the line being full7");
    }

    @Test
    void timesThatNoClockReachesAreLeftOut() throws Exception {
        String far = line(100_000_000_000_000_000L, "") + line(100_000_000_000_000_016L, "");
        assertThat(notes(browser.elements(pageOf(far))))
                .containsExactly("journal-0.jsonl holds no steps of a gate (lines: 2).");
    }

    @Test
    void namesOfAnyLengthAndKindAreShownShort() throws Exception {
        String deep = "[".repeat(100_000);
        String page = browser.elements(pageOf(
                line(2, ",\"gate\":\"" + "x".repeat(1_000_000) + "\"")
                        + line(2, ",\"gate\":\"__proto__\"")
                        + line(2, ",\"gate\":\"a\\u202eb\\u0000\\n\""),
                line(2, ",\"gate\":" + deep + "]".repeat(100_000)) + deep + "\n" + "y".repeat(1_000_000)));

        assertThat(texts(page, "<h2>", "</h2>")).contains("x".repeat(200) + "…", "__proto__", "a\ufffdb\ufffd\ufffd");
        assertThat(notes(page)).containsExactly("journal-1.jsonl: 2 lines are left out, torn or not a step.");
    }

    @Test
    void aJournalWhoseTimesFallAtEachStepOpens() throws Exception {
        StringBuilder falling = new StringBuilder();
        for (int i = 200_000; i > 0; i--) {
            falling.append(line(i, ",\"time\":\"" + START.plusSeconds(i) + "\""));
        }
        assertThat(notes(browser.elements(pageOf(falling.toString()))))
                .containsExactly("200000 runs; those further down appear when you scroll.");
    }

    @Test
    void gatesOfOneNameThatWriteByTurnsAreRunsOfTheirOwn() throws Exception {
        StringBuilder byTurns = new StringBuilder();
        for (int i = 1; i <= 500; i++) {
            byTurns.append(line(2L * i, ",\"time\":\"" + START.plusSeconds(2L * i) + "\""));
            byTurns.append(line(2L * i + 600, ",\"time\":\"" + START.plusSeconds(2L * i) + "\""));
        }
        assertThat(texts(browser.elements(pageOf(byTurns.toString())), "<p class=\"soft\">", "</p>"))
                .filteredOn(text -> text.contains("500 steps"))
                .hasSize(2);
    }

    @Test
    void manyStepsWithAndWithoutReadingsByTurnsAreDrawn() throws Exception {
        StringBuilder many = new StringBuilder();
        for (int i = 1; i <= 250_000; i++) {
            many.append(line(i, i % 2 == 0 ? ",\"health\":\"OK\",\"raw\":50" : ",\"health\":\"FAILING\""));
        }
        String dom = browser.elements(pageOf(many.toString()));
        assertThat(texts(dom, "<p class=\"soft\">", "</p>")).anyMatch(text -> text.contains("250000 steps"));
        assertThat(drawn(dom)).isEqualTo(3);
    }
}
