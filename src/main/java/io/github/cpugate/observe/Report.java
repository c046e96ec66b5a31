package io.github.cpugate.observe;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Makes a page of journals: why was that batch slow? One HTML file with all that it needs inside, which opens anywhere,
 * without a network.
 *
 * <pre>{@code
 * java -cp adaptive-cpu-gate.jar io.github.cpugate.observe.Report gate.jsonl -o report.html
 * }</pre>
 *
 * <p>Takes what {@link Journal#jsonLines(Path)} has written: of several gates, several runs in one file, files that
 * were renamed for their size, the last line torn by a kill. Each run is shown beside the others. Lines that are no
 * steps are left out, and counted. A journal that is still being written may be read.
 *
 * <p>The page is as large as the journals, and 220 kB; what is in them is data there, and never markup or script.
 */
public final class Report {

    private static final String USAGE = """
            Usage: java -cp adaptive-cpu-gate.jar io.github.cpugate.observe.Report JOURNAL... [-o FILE]
            Makes one HTML page of journals in JSON Lines: where the time of each run went.
              -o FILE   where to (default: report.html); a file that is there is replaced""";

    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int WRONG_USE = 2;

    /** A line of the template that stands for something else begins so. */
    private static final String INSERT = "<!-- insert: ";

    private Report() {}

    /**
     * Makes a page, and prints where it is. Exits with 0, with 1 if a file could not be read or written, with 2 for
     * wrong use.
     *
     * @param args the journals, and {@code -o} with the page's file, {@code report.html} if there is none
     */
    public static void main(String[] args) {
        int code = run(args, System.out, System.err);
        if (code != OK) {
            System.exit(code);
        }
    }

    static int run(String[] args, PrintStream out, PrintStream err) {
        List<Path> journals = new ArrayList<>();
        Path page = Path.of("report.html");
        try {
            for (int i = 0; i < args.length; i++) {
                if (args[i].equals("-h") || args[i].equals("--help")) {
                    out.println(USAGE);
                    return OK;
                } else if (args[i].equals("-o")) {
                    if (++i == args.length) {
                        throw new IllegalArgumentException("-o wants a file after it");
                    }
                    page = Path.of(args[i]);
                } else if (args[i].startsWith("-")) {
                    throw new IllegalArgumentException("there is no option " + args[i]);
                } else {
                    journals.add(Path.of(args[i]));
                }
            }
            write(page, journals);
            out.println("Report: " + page);
            return OK;
        } catch (IllegalArgumentException e) {
            err.println(e.getMessage());
            err.println(USAGE);
            return WRONG_USE;
        } catch (FileSystemException e) {
            err.println("Failed: " + e.getClass().getSimpleName() + ": " + e.getMessage());
            return FAILED;
        } catch (IOException e) {
            err.println("Failed: " + e);
            return FAILED;
        }
    }

    /**
     * Writes the page. Blocks for as long as the disk does; needs little memory, however large the journals are.
     *
     * @param page where to; a file that is there is replaced
     * @param journals files in JSON Lines; their order does not matter
     * @throws IllegalArgumentException if there are no journals, if one of them is CSV, or the page would replace one
     * @throws IOException if a journal cannot be read, or the page not be written
     */
    public static void write(Path page, List<Path> journals) throws IOException {
        if (journals.isEmpty()) {
            throw new IllegalArgumentException("journals must not be empty");
        }
        for (Path journal : journals) {
            check(journal, page);
        }
        try (Writer out =
                new BufferedWriter(new OutputStreamWriter(Files.newOutputStream(page), StandardCharsets.UTF_8))) {
            for (String line : text("report.html").lines().toList()) {
                String insert = line.strip();
                if (!insert.startsWith(INSERT)) {
                    out.write(line + "\n");
                } else if (insert.contains("journals")) {
                    for (Path journal : journals) {
                        append(journal, out);
                    }
                } else {
                    String script = text(insert.substring(INSERT.length(), insert.indexOf(" -->")));
                    out.write(script.replaceAll("//# sourceMappingURL=.*", "")); // there is no such file
                }
            }
        }
    }

    private static void check(Path journal, Path page) throws IOException {
        if (Files.exists(page) && Files.isSameFile(page, journal)) {
            throw new IllegalArgumentException("the page would replace the journal " + journal);
        }
        try (BufferedReader in = reader(journal)) {
            char[] begin = new char[5];
            if (in.read(begin) == begin.length && new String(begin).equals("time,")) {
                throw new IllegalArgumentException(
                        journal + " is CSV; a report is made of JSON Lines, as Journal.jsonLines writes them");
            }
        }
    }

    /**
     * As data that the page's script reads. Whatever a gate is called, and wherever a line was torn: without a
     * {@code <} nothing ends the element, and in JSON one can only be inside a text, where the escape means the same.
     */
    private static void append(Path journal, Writer out) throws IOException {
        String name = String.valueOf(journal.getFileName());
        out.write("<script type=\"application/jsonl\" data-file=\"");
        out.write(name.replace("&", "&amp;").replace("\"", "&quot;").replace("<", "&lt;"));
        out.write("\">\n");
        try (BufferedReader in = reader(journal)) {
            for (int c = in.read(); c >= 0; c = in.read()) {
                if (c == '<') {
                    out.write("\\u003c");
                } else {
                    out.write(c);
                }
            }
        }
        out.write("\n</script>\n");
    }

    /** One that goes on where a character was torn. */
    private static BufferedReader reader(Path journal) throws IOException {
        return new BufferedReader(new InputStreamReader(Files.newInputStream(journal), StandardCharsets.UTF_8));
    }

    private static String text(String resource) throws IOException {
        try (InputStream in = Objects.requireNonNull(Report.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
