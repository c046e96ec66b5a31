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
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Turns journals into an HTML page that shows where the time of each run went. The page is one file that contains all
 * it needs, so it opens anywhere, without a network.
 *
 * <pre>{@code
 * java -cp adaptive-cpu-gate.jar io.github.cpugate.observe.Report gate.jsonl -o report.html
 * }</pre>
 *
 * <p>It reads the files that {@link Journal#jsonLines(Path)} writes: those of several gates, several runs in one file,
 * files that were renamed for their size, and files whose last line is incomplete because the process was killed. The
 * runs are shown side by side. Lines that are not steps are left out and counted. A journal may be read while it is
 * being written.
 *
 * <p>The page is 220 kB larger than the journals. Their content is data in the page, never markup or script.
 */
public final class Report {

    private static final String USAGE = """
            Usage: java -cp adaptive-cpu-gate.jar io.github.cpugate.observe.Report JOURNAL... [-o FILE]
            Makes one HTML page of journals in JSON Lines that shows where the time of each run went.
              -o FILE   the page (default: report.html); an existing file is replaced""";

    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    /** The prefix of a template line that other content replaces. */
    private static final String INSERT = "<!-- insert: ";

    /** Characters of a journal after which, at the end of a line, a new element of the page begins. */
    static final int MAX_PART = 4 << 20;

    private Report() {}

    /**
     * Makes a page and prints its path. Exits with 0, with 1 if a file could not be read or written, or with 2 for
     * wrong usage.
     *
     * @param args the journals, and {@code -o} with the page's file, which is {@code report.html} by default
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
                        throw new IllegalArgumentException("-o must be followed by a file");
                    }
                    page = Path.of(args[i]);
                } else if (args[i].startsWith("-")) {
                    throw new IllegalArgumentException("unknown option: " + args[i]);
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
            return WRONG_USAGE;
        } catch (FileSystemException e) {
            err.println("Failed: " + e.getClass().getSimpleName() + ": " + e.getMessage());
            return FAILED;
        } catch (IOException e) {
            err.println("Failed: " + e);
            return FAILED;
        }
    }

    /**
     * Writes the page. Blocks for file I/O; needs little memory, however large the journals are.
     *
     * @param page the page's file. An existing file is replaced when the new page is complete, and passes its
     *     permissions on; otherwise the page is for its owner only, on systems that have such permissions
     * @param journals files in JSON Lines; their order does not matter
     * @throws IllegalArgumentException if there are no journals, if one is CSV, or if the page would replace one
     * @throws IOException if a journal cannot be read, if the page cannot be written, or if its path names a symbolic
     *     link or anything else but a file
     */
    public static void write(Path page, List<Path> journals) throws IOException {
        if (journals.isEmpty()) {
            throw new IllegalArgumentException("journals must not be empty");
        }
        for (Path journal : journals) {
            check(journal, page);
        }
        boolean replaces = Files.exists(page, LinkOption.NOFOLLOW_LINKS);
        if (replaces && !Files.isRegularFile(page, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(page.toString(), null, "exists, and is not a regular file");
        }
        Path made = Files.createTempFile(page.toAbsolutePath().getParent(), "report", ".tmp");
        try {
            writeTo(made, journals);
            if (replaces && page.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                Files.setPosixFilePermissions(made, Files.getPosixFilePermissions(page, LinkOption.NOFOLLOW_LINKS));
            }
            Files.move(made, page, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(made);
        }
    }

    private static void writeTo(Path file, List<Path> journals) throws IOException {
        try (Writer out =
                new BufferedWriter(new OutputStreamWriter(Files.newOutputStream(file), StandardCharsets.UTF_8))) {
            for (String line : resource("report.html").lines().toList()) {
                String insert = line.strip();
                if (!insert.startsWith(INSERT)) {
                    out.write(line + "\n");
                } else if (insert.contains("journals")) {
                    for (Path journal : journals) {
                        append(journal, out);
                    }
                } else {
                    String script = resource(insert.substring(INSERT.length(), insert.indexOf(" -->")));
                    out.write(script.replaceAll("//# sourceMappingURL=.*", "")); // the page has no source map
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
                        journal + " is CSV; a report needs JSON Lines, as Journal.jsonLines writes them");
            }
        }
    }

    /**
     * Writes the journal as data that the page's script reads, in parts of whole lines, since a browser limits the size
     * of an element. Every {@code <} is escaped, so that nothing ends the element, whatever a gate's name is and
     * wherever a line breaks off. In JSON a {@code <} occurs only inside a string, where the escape means the same.
     */
    private static void append(Path journal, Writer out) throws IOException {
        String name = String.valueOf(journal.getFileName());
        out.write("<script type=\"application/jsonl\" data-file=\"");
        out.write(name.replace("&", "&amp;").replace("\"", "&quot;").replace("<", "&lt;"));
        out.write("\">\n");
        try (BufferedReader in = reader(journal)) {
            int written = 0;
            for (int c = in.read(); c >= 0; c = in.read()) {
                if (c == '<') {
                    out.write("\\u003c");
                } else {
                    out.write(c);
                }
                if (++written >= MAX_PART && c == '\n') {
                    out.write("</script>\n<script type=\"application/jsonl\">\n");
                    written = 0;
                }
            }
        }
        out.write("\n</script>\n");
    }

    /** Returns a reader that, unlike Files.newBufferedReader, does not throw at an incomplete character. */
    private static BufferedReader reader(Path journal) throws IOException {
        return new BufferedReader(new InputStreamReader(Files.newInputStream(journal), StandardCharsets.UTF_8));
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Report.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
