package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.cpugate.Bottleneck;
import io.github.cpugate.HostShare;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

    private static final String HOSTILE = "</script><img src=x onerror=alert(1)><!--\"'\u2028&lt;";

    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private Path journal(String file, String gate) throws IOException {
        StepReport step = new StepReport(
                gate,
                Duration.ofSeconds(2),
                CpuSample.of(60),
                70,
                4,
                4,
                4,
                8,
                1,
                8,
                4,
                4,
                3,
                0,
                0,
                1,
                0,
                0,
                0,
                0,
                Bottleneck.CPU,
                new Bottleneck.Times(Duration.ofSeconds(2), Duration.ZERO, Duration.ZERO),
                true,
                Reason.IN_BAND,
                HostShare.ALONE);
        return Files.writeString(folder.resolve(file), JournalFormat.JSON_LINES.line(Instant.EPOCH, step));
    }

    private int run(Object... args) {
        String[] texts = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            texts[i] = args[i].toString();
        }
        return Report.run(
                texts,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    private static int count(String text, String part) {
        return text.split(Pattern.quote(part), -1).length - 1;
    }

    @Test
    void markupInAJournalStaysData() throws IOException {
        Path plain = folder.resolve("plain.html");
        Path page = folder.resolve("hostile.html");
        Report.write(plain, List.of(journal("a.jsonl", "batch")));
        Report.write(page, List.of(journal("a&\"<b>.jsonl", HOSTILE)));
        String html = Files.readString(page);
        assertThat(count(html, "</script")).isEqualTo(count(Files.readString(plain), "</script"));
        assertThat(html).doesNotContain("<img").contains("data-file=\"a&amp;&quot;&lt;b>.jsonl\"");
        Matcher data = Pattern.compile("<script type=\"application/jsonl\"[^\n]*\n(.*?)\n")
                .matcher(html);
        assertThat(data.find()).isTrue();
        assertThat(new ObjectMapper().readTree(data.group(1)).get("gate").asText())
                .isEqualTo(HOSTILE);
    }

    @Test
    void aTornLastLineStaysData() throws IOException {
        Path torn = folder.resolve("torn.jsonl");
        Files.write(torn, new byte[] {'{', '"', '<', (byte) 0xc3});
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(torn));
        assertThat(Files.readString(page)).contains("{\"\\u003c\ufffd\n</script>");
    }

    @Test
    void aLargeJournalIsDividedAtTheEndsOfLines() throws IOException {
        String text = "x".repeat(Report.MAX_PART - 2) + "\ny\nz<\n" + "w".repeat(2 * Report.MAX_PART) + "\nend";
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(Files.writeString(folder.resolve("large.jsonl"), text)));
        List<String> parts = Pattern.compile(
                        "<script type=\"application/jsonl\"([^>]*)>\n(.*?)</script>", Pattern.DOTALL)
                .matcher(Files.readString(page))
                .results()
                .map(part -> part.group(1) + "|" + part.group(2))
                .toList();
        assertThat(parts)
                .containsExactly(
                        " data-file=\"large.jsonl\"|" + "x".repeat(Report.MAX_PART - 2) + "\ny\n",
                        "|z\\u003c\n" + "w".repeat(2 * Report.MAX_PART) + "\n",
                        "|end\n");
    }

    @Test
    void thePageContainsAllItNeeds() throws IOException {
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(journal("a.jsonl", "batch")));
        assertThat(Files.readString(page))
                .contains("Chart.js v", "Permission is hereby granted", "default-src 'none'")
                .doesNotContain("src=\"", "href=\"", "<!-- insert", "sourceMappingURL");
    }

    @Test
    void theCommandMakesThePageAndPrintsItsPath() throws IOException {
        Path page = folder.resolve("page.html");
        assertThat(run(journal("a.jsonl", "first"), journal("b.jsonl", "second"), "-o", page))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("Report: %s%n".formatted(page));
        assertThat(Files.readString(page)).contains("\"gate\":\"first\"", "\"gate\":\"second\"");
        assertThat(run("--help")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Usage: ");
    }

    @Test
    void wrongUsageIsReportedAndMakesNoPage() throws IOException {
        Path page = folder.resolve("page.html");
        Path csv = Files.writeString(folder.resolve("gate.csv"), JournalFormat.CSV.header());
        Path journal = journal("a.jsonl", "batch");
        assertThat(run("-o", page)).isEqualTo(2);
        assertThat(run(journal, "-o")).isEqualTo(2);
        assertThat(run(journal, "--open")).isEqualTo(2);
        assertThat(run(journal, csv, "-o", page)).isEqualTo(2);
        assertThat(run(journal, "-o", journal)).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains(
                        "journals must not be empty",
                        "-o must be followed by a file",
                        "unknown option: --open",
                        "gate.csv is CSV; a report needs JSON Lines",
                        "the page would replace the journal",
                        "Usage: ");
        err.reset();
        assertThat(run(journal, folder.resolve("none.jsonl"), "-o", page)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("Failed: NoSuchFileException: ")
                .contains("none.jsonl")
                .doesNotContain("Usage");
        assertThat(page).doesNotExist();
        assertThat(run(journal, "-o", folder.resolve("no/folder/page.html"))).isEqualTo(1);
    }

    @Test
    void anExistingPageIsKeptIfAJournalCannotBeRead() throws IOException {
        Path page = Files.writeString(folder.resolve("page.html"), "the page of yesterday");
        Path journal = journal("a.jsonl", "batch");
        List<Path> journals = new AbstractList<>() {
            private boolean checked;

            @Override
            public int size() {
                return 1;
            }

            @Override
            public Path get(int index) {
                if (checked) { // it vanishes while the page is written
                    assertThat(journal.toFile().delete()).isTrue();
                }
                checked = true;
                return journal;
            }
        };
        assertThatThrownBy(() -> Report.write(page, journals)).isInstanceOf(NoSuchFileException.class);
        assertThat(page).hasContent("the page of yesterday");
        assertThat(folder.toFile().list()).containsExactly("page.html");
    }

    @Test
    void aPageReplacesNothingButAFile() throws IOException {
        Path journal = journal("a.jsonl", "batch");
        Path target = Files.writeString(folder.resolve("target"), "precious");
        Path link = Files.createSymbolicLink(folder.resolve("page.html"), target);
        Path directory = Files.createDirectory(folder.resolve("directory"));
        for (Path page : List.of(link, directory)) {
            assertThat(run(journal, "-o", page)).isEqualTo(1);
            assertThat(err.toString(StandardCharsets.UTF_8))
                    .isEqualTo("Failed: FileSystemException: %s: exists, and is not a regular file%n".formatted(page));
            err.reset();
        }
        assertThat(target).hasContent("precious");
    }

    @Test
    void aNewPageIsForItsOwnerOnlyAndAnOldOneKeepsItsPermissions() throws IOException {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"), "no POSIX permissions");
        Path journal = journal("a.jsonl", "batch");
        Path page = folder.resolve("page.html");
        Report.write(page, List.of(journal));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(page)))
                .isEqualTo("rw-------");
        Files.setPosixFilePermissions(page, PosixFilePermissions.fromString("rw-r--r--"));
        Report.write(page, List.of(journal));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(page)))
                .isEqualTo("rw-r--r--");
    }
}
