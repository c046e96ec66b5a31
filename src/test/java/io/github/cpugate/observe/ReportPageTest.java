package io.github.cpugate.observe;

import static io.github.cpugate.observe.Browser.texts;
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
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the page of journals that gates write, as a browser shows it. */
@Tag("slow")
class ReportPageTest {
    private static final CpuSample FAILED = CpuSample.failed(new IOException("</script><b>gone</b>"), 60);

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
        lines.append(JournaledStep.line(
                gate,
                seconds,
                cpu,
                limitBefore,
                cpuLimit,
                apiCeiling,
                refusals,
                waiting,
                bottleneck,
                heldBackMillis,
                reason,
                hostShare));
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

    private static List<String> notes(String dom) {
        int begin = dom.indexOf("id=\"notes\" role");
        return texts(dom.substring(begin, dom.indexOf("</div>", begin)), "<p class=\"soft\">", "</p>");
    }
}
