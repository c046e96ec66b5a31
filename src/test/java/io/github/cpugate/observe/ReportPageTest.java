package io.github.cpugate.observe;

import static io.github.cpugate.observe.Browser.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Bottleneck;
import io.github.cpugate.HostShare;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the page as a browser shows it. */
@Tag("slow")
class ReportPageTest {

    private static final Instant START = Instant.parse("2026-11-22T12:00:00Z");
    private static final CpuSample FAILED = CpuSample.failed(new IOException("</script><b>gone</b>"), 60);

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
    private String gate = "batch";
    private int seconds;
    private HostShare hostShare = HostShare.ALONE;

    @BeforeEach
    void createBrowser() {
        browser = new Browser(folder);
    }

    private static CpuSample cpu(double percent, double own) {
        return CpuSample.of(new CpuReading(percent, own, 0, CpuReading.HOST, 2), percent);
    }

    /** Adds this number of steps, of two seconds each. Callers wait all of that time, or none wait. */
    private void steps(int number, CpuSample cpu, int limit, int waiting, Reason reason) {
        Bottleneck bottleneck = waiting == 0 ? Bottleneck.NONE : limit == 8 ? Bottleneck.MAX_SLOTS : Bottleneck.CPU;
        for (int i = 0; i < number; i++) {
            step(cpu, limit, reason == Reason.HEADROOM ? limit + 1 : limit, 8, 0, waiting, bottleneck, 2000, reason);
        }
    }

    private static Bottleneck.Times heldBackBy(Bottleneck bottleneck, long millis) {
        return new Bottleneck.Times(
                Duration.ofMillis(bottleneck == Bottleneck.CPU ? millis : 0),
                Duration.ofMillis(bottleneck == Bottleneck.API ? millis : 0),
                Duration.ofMillis(bottleneck == Bottleneck.MAX_SLOTS ? millis : 0));
    }

    private void step(
            CpuSample cpu,
            int limitBefore,
            int cpuLimit,
            int apiCeiling,
            int refusals,
            int waiting,
            Bottleneck bottleneck,
            long heldBackMillis,
            Reason reason) {
        seconds += 2;
        StepReport step = new StepReport(
                gate,
                Duration.ofSeconds(seconds),
                cpu,
                70,
                limitBefore,
                Math.min(cpuLimit, apiCeiling),
                cpuLimit,
                apiCeiling,
                2,
                8,
                limitBefore,
                limitBefore,
                waiting,
                0,
                0,
                3,
                0,
                1,
                0,
                refusals,
                bottleneck,
                heldBackBy(bottleneck, heldBackMillis),
                waiting > 0,
                reason,
                hostShare);
        lines.append(JournalFormat.JSON_LINES.line(START.plusSeconds(seconds), step));
    }

    private Path journal(String name) throws IOException {
        Path journal = Files.writeString(folder.resolve(name), lines);
        lines.setLength(0);
        seconds = 0;
        return journal;
    }

    @Test
    void thePageSaysWhereTheTimeWentAndDrawsCharts() throws Exception {
        steps(10, cpu(20, 18), 3, 9, Reason.HEADROOM);
        steps(40, cpu(65, 60), 5, 9, Reason.IN_BAND);
        steps(20, cpu(65, 10), 5, 9, Reason.IN_BAND);
        steps(10, cpu(40, 35), 8, 9, Reason.AT_CEILING);
        steps(5, cpu(90, 85), 2, 9, Reason.AT_FLOOR);
        steps(5, FAILED, 5, 9, Reason.NO_READING);
        steps(10, cpu(30, 25), 5, 0, Reason.NO_DEMAND);
        Path journal = journal("gate.jsonl");
        Files.writeString(journal, "{\"time\":\"20", StandardOpenOption.APPEND);
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(journal));

        String dom = browser.elements(page);
        assertThat(texts(dom, "class=\"answer\">", "</p>"))
                .containsExactly(
                        "Callers waited 90 % of the time, mostly since this JVM’s own sessions held the CPU at its"
                                + " target.");
        assertThat(texts(dom, "</span><b>", "</li>"))
                .as("adds up to 100 %")
                .containsExactlyInAnyOrder(
                        "40 %this JVM’s own CPU (1:20)",
                        "20 %other processes’ CPU (0:40)",
                        "10 %still climbing (0:20)",
                        "10 %at the ceiling (0:20)",
                        "10 %no demand: nobody waited (0:20)",
                        "5 %at the floor, CPU above the target (0:10)",
                        "5 %no CPU reading (0:10)");
        assertThat(texts(dom, "<th scope=\"row\">", "</tr>"))
                .contains(
                        "admitted300",
                        "timed out in line100",
                        "limit raised10 (HEADROOM 10)",
                        "limit lowerednone",
                        "no readingFAILING: java.io.IOException: &lt;/script&gt;&lt;b&gt;gone&lt;/b&gt; (5×)");
        assertThat(notes(dom)).containsExactly("gate.jsonl: 1 line is left out, torn or not a step.");
        assertThat(texts(dom, "<canvas role=\"img\" aria-label=\"", "\""))
                .as("each chart has a text alternative")
                .hasSize(3)
                .first()
                .asString()
                .startsWith("CPU over time: ");
    }

    @Test
    void aJournalOfAnOlderVersionIsRead() throws Exception {
        steps(30, cpu(65, 60), 5, 9, Reason.IN_BAND);
        steps(10, cpu(40, 35), 8, 9, Reason.AT_CEILING);
        steps(10, cpu(30, 25), 5, 0, Reason.NO_DEMAND);
        Path now = journal("now.jsonl");
        Path old = Files.writeString(
                folder.resolve("old.jsonl"), Files.readString(now).replaceAll(",\"cpuLimit\".*", "}"));
        assertThat(old).content().doesNotContain("heldBack").contains("\"detail\":\"\"}");
        for (Path journal : List.of(now, old)) {
            Path page = folder.resolve("page.html");
            Report.write(page, List.of(journal));
            String dom = browser.elements(page);
            assertThat(texts(dom, "class=\"answer\">", "</p>"))
                    .singleElement()
                    .asString()
                    .startsWith("Callers waited 80 % of the time, mostly since this JVM’s own");
            assertThat(texts(dom, "</span><b>", "</li>"))
                    .containsExactly(
                            "60 %this JVM’s own CPU (1:00)",
                            "20 %at the ceiling (0:20)", "20 %no demand: nobody waited (0:20)");
            assertThat(texts(dom, "<main", "</main>"))
                    .noneMatch(text -> text.contains("NaN") || text.contains("refused"));
        }
    }

    @Test
    void thePageShowsTheTimeHeldBackByTheServiceAndItsRefusals() throws Exception {
        steps(10, cpu(40, 35), 8, 0, Reason.NO_DEMAND);
        step(cpu(40, 35), 5, 8, 5, 7, 9, Bottleneck.API, 1000, Reason.RATE_LIMITED);
        for (int i = 0; i < 20; i++) {
            step(cpu(40, 35), 5, 8, 5, 0, 9, Bottleneck.API, 2000, Reason.IN_BAND);
        }
        step(cpu(40, 35), 5, 8, 6, 0, 9, Bottleneck.API, 2000, Reason.IN_BAND);
        step(FAILED, 6, 8, 6, 0, 9, Bottleneck.API, 1998, Reason.NO_READING);
        step(cpu(65, 60), 6, 8, 8, 0, 9, Bottleneck.CPU, 500, Reason.IN_BAND);
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(journal("gate.jsonl")));

        browser.assertReadable(page, 3);
        String dom = browser.elements(page);
        assertThat(texts(dom, "class=\"answer\">", "</div>"))
                .containsExactly(
                        "Callers waited 67 % of the time, mostly since the service refused to serve more at once."
                                + "It let 5.1 run at once on average. CPU was at 40 % meanwhile, with a target of 70 %: a higher"
                                + " rate limit would have gained time. The service refused 7 times.");
        assertThat(texts(dom, "</span><b>", "</li>"))
                .as("the exact time counts, whatever the reason is")
                .containsExactly(
                        "66 %the service’s rate limit (0:45)",
                        "33 %no demand: nobody waited (0:23)", "1 %this JVM’s own CPU (0:01)");
        assertThat(texts(dom, "<th scope=\"row\">", "</tr>"))
                .contains(
                        "refused by the service7",
                        "API ceilinglowest 5, none at the end",
                        "limit raised2 (RATE_LIMITED 2)",
                        "limit lowered1 (RATE_LIMITED 1)");
    }

    @Test
    void thePageTellsOtherGatesFromOtherProcesses() throws Exception {
        hostShare = new HostShare(1, 50, 35);
        steps(15, cpu(68, 20), 3, 4, Reason.IN_BAND);
        hostShare = new HostShare(1, 50, 10);
        steps(5, cpu(68, 20), 3, 4, Reason.IN_BAND);
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(journal("gate.jsonl")));

        browser.assertReadable(page, 3);
        String dom = browser.elements(page);
        assertThat(texts(dom, "class=\"answer\">", "</div>"))
                .containsExactly("Callers waited 100 % of the time, mostly since other gates, with which it shares the"
                        + " machine, had the larger part of the CPU.CPU was at 68 % meanwhile, with a target of 70 %:"
                        + " each of them gets an equal part of the target. ");
        assertThat(texts(dom, "</span><b>", "</li>"))
                .containsExactly("75 %other gates’ CPU (0:30)", "25 %other processes’ CPU (0:10)");
        assertThat(texts(dom, "<th scope=\"row\">", "</tr>"))
                .contains("other gates, their CPU1 at most, 29 %", "share of the target, mean50 %");
    }

    @Test
    void runsOfAnyNameAndLengthAreShownSideBySide() throws Exception {
        gate = "</script><img src=x onerror=alert(1)>\"\u2028";
        steps(3000, cpu(65, 60), 5, 9, Reason.IN_BAND);
        steps(3000, FAILED, 5, 0, Reason.NO_READING);
        seconds = 0;
        steps(2, CpuSample.of(65), 5, 9, Reason.IN_BAND);
        Path two = journal("two.jsonl");
        gate = "brief";
        steps(1, cpu(65, 60), 5, 9, Reason.IN_BAND);
        Path one = journal("one.jsonl");
        Path empty = journal("empty.jsonl");
        Path other = Files.writeString(folder.resolve("other.jsonl"), "{}\nnull\n[1]\nhello\n");
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(two, one, empty, other));

        browser.assertReadable(page, 6); // three for each of two runs; the run of a single step has none
        String dom = browser.elements(page);
        assertThat(dom).doesNotContain("<img");
        assertThat(texts(dom, "<h2>", "</h2>"))
                .containsExactlyInAnyOrder(
                        "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\"\ufffd",
                        "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\"\ufffd",
                        "brief");
        assertThat(texts(dom, "class=\"answer\">", "</p>"))
                .containsExactlyInAnyOrder(
                        "Callers waited 50 % of the time, mostly since this JVM’s own sessions held the CPU at its"
                                + " target.",
                        "Callers waited 100 % of the time, since the CPU was at its target; whose it was is not known.",
                        "There is one step only: too little to tell where time went.");
        assertThat(texts(dom, "<p class=\"soft\">", "</p>"))
                .anyMatch(text -> text.startsWith("empty.jsonl is empty"))
                .anyMatch(text -> text.equals("other.jsonl holds no steps of a gate (lines: 4)."));
    }

    @Test
    void renamedFilesInAnyOrderFormOneRun() throws Exception {
        steps(10, cpu(65, 60), 5, 9, Reason.IN_BAND);
        int secondsSoFar = seconds;
        Path older = journal("gate.1.jsonl");
        seconds = secondsSoFar + 60; // steps of a minute are lost, as on a full disk
        steps(20, cpu(65, 60), 5, 9, Reason.IN_BAND);
        Path newer = journal("gate.jsonl");
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(newer, older));

        String dom = browser.elements(page);
        assertThat(texts(dom, "<h2>", "</h2>")).hasSize(1);
        assertThat(texts(dom, "</span><b>", "</li>"))
                .containsExactly("50 %this JVM’s own CPU (1:00)", "50 %steps are missing (1:00)");
        assertThat(dom).contains("gate.1.jsonl, gate.jsonl");
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
