package io.github.cpugate.seeded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which tool finds which seeded bug, each in a JVM of its own, and prints a table.
 *
 * <p>Options: {@code --bug NAME} and {@code --tool NAME} select one. {@code --short} runs each tool on the real classes
 * and on one bug that it is known to find, and fails if the tool reports the former or misses the latter.
 */
final class SeededBugs {

    private static final Path TARGET = Path.of("target/seeded").toAbsolutePath();
    private static final String CLASS_PATH = System.getProperty("java.class.path");

    private static final Duration HANG = Duration.ofSeconds(Integer.getInteger("seeded.hang.seconds", 240));
    private static final String JCSTRESS_FAILURE = "[FAILED] io.github.cpugate.";

    private enum Tool {
        UNIT(
                SeededBug.RAISED_LIMIT_ADMITS_ONE,
                "internal.line.WaitingLineTest",
                "internal.line.LinePeriodTest",
                "internal.line.ThreadWaiterTest",
                "internal.line.FutureWaiterTest",
                "internal.line.ResumeTest",
                "internal.line.ResumptionFutureTest",
                "internal.line.PauseAfterRefusalTest",
                "internal.line.PausedSlotsTest",
                "internal.line.ApiCeilingTest",
                "internal.line.SlotSetTest",
                "AdaptiveCpuGateTest",
                "CallAsyncTest",
                "GateExecutorTest",
                "LeakTest",
                "RateLimitTest",
                "ShutFloorTest",
                "SemaphoreBehaviourTest"),
        MODEL(SeededBug.RAISED_LIMIT_ADMITS_ONE, "internal.line.ModelTest"),
        SOAK(SeededBug.RAISED_LIMIT_ADMITS_ONE, "SoakTest"),
        LINCHECK(SeededBug.RAISED_LIMIT_ADMITS_ONE, "internal.line.LincheckTest"),
        JCSTRESS(SeededBug.CANCELLED_CALLER_KEEPS_ITS_GRANT);

        final SeededBug knownBug;

        @SuppressWarnings("ImmutableEnumChecker") // toList() returns an unmodifiable list
        private final List<String> classes;

        Tool(SeededBug knownBug, String... classes) {
            this.knownBug = knownBug;
            this.classes = Stream.of(classes)
                    .map(name -> "io.github.cpugate." + name)
                    .filter(SeededBugs::exists)
                    .toList();
        }

        boolean isPresent() {
            return this == JCSTRESS || !classes.isEmpty();
        }

        List<String> command(String classPath) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classPath));
            if (this == JCSTRESS) {
                command.addAll(List.of("org.openjdk.jcstress.Main", "-t", "Stress"));
                command.addAll(List.of("-af", "NONE", "-sc", "false", "-f", "1", "-fsm", "1", "-hs", "64"));
                command.addAll(List.of("-strideSize", "32", "-strideCount", "8", "-time", "100", "-iters", "2"));
                command.addAll(List.of("-jvmArgs", "-XX:+TieredCompilation"));
                return command;
            }
            command.addAll(List.of("-Dawait.seconds=3", "-Dlogback.configurationFile=logback-test.xml"));
            command.add("-Djunit.jupiter.execution.timeout.default=" + (this == UNIT ? 20 : 110) + " s");
            if (this == LINCHECK) {
                command.addAll(List.of("-Xmx2g", "-XX:+IgnoreUnrecognizedVMOptions", "-XX:+EnableDynamicAgentLoading"));
            }
            command.add(RunTests.class.getName());
            command.addAll(classes);
            return command;
        }
    }

    private enum Verdict {
        FOUND("found"),
        HUNG("found by a hang"),
        MISSED("not found");

        final String text;

        Verdict(String text) {
            this.text = text;
        }
    }

    private SeededBugs() {}

    private static boolean exists(String className) {
        return SeededBugs.class.getResource("/" + className.replace('.', '/') + ".class") != null;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> options = Arrays.asList(args);
        List<Tool> tools = Stream.of(Tool.values())
                .filter(Tool::isPresent)
                .filter(tool -> isChosen(options, "--tool", tool))
                .toList();
        if (options.contains("--short")) {
            System.exit(everyToolFindsItsKnownBug(tools) ? 0 : 1);
        }
        List<SeededBug> bugs = Stream.of(SeededBug.values())
                .filter(bug -> isChosen(options, "--bug", bug))
                .toList();
        printTable(tools, bugs);
    }

    private static boolean isChosen(List<String> options, String option, Enum<?> candidate) {
        int at = options.indexOf(option);
        return at < 0 || options.get(at + 1).equalsIgnoreCase(candidate.name());
    }

    private static boolean everyToolFindsItsKnownBug(List<Tool> tools) throws IOException, InterruptedException {
        boolean all = true;
        for (Tool tool : tools) {
            all &= run(tool, null).startsWith(Verdict.MISSED.text);
            all &= !run(tool, tool.knownBug).startsWith(Verdict.MISSED.text);
        }
        System.out.println(all ? "each tool finds its known bug, and no bug in the real classes" : "a tool failed");
        return all;
    }

    private static void printTable(List<Tool> tools, List<SeededBug> bugs) throws IOException, InterruptedException {
        StringBuilder table = new StringBuilder("| Bug |");
        tools.forEach(tool ->
                table.append(' ').append(tool.name().toLowerCase(Locale.ROOT)).append(" |"));
        table.append("\n| --- |").append(" --- |".repeat(tools.size())).append('\n');
        List<SeededBug> rows = new ArrayList<>(bugs);
        rows.add(null); // the real classes
        for (SeededBug bug : rows) {
            table.append("| ").append(bug == null ? "none" : displayName(bug)).append(" |");
            for (Tool tool : tools) {
                table.append(' ').append(run(tool, bug)).append(" |");
            }
            table.append('\n');
            Files.writeString(TARGET.resolve("table.md"), table);
        }
        System.out.println(table);
    }

    private static String displayName(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String run(Tool tool, @Nullable SeededBug bug) throws IOException, InterruptedException {
        String name = bug == null ? "none" : bug.name();
        String classPath = bug == null
                ? CLASS_PATH
                : bug.compile(TARGET, CLASS_PATH) + System.getProperty("path.separator") + CLASS_PATH;
        // jcstress writes into its working directory, and the tests read files of the project.
        Path work = Files.createDirectories(TARGET.resolve(name).resolve(tool.name()));
        long began = System.nanoTime();
        ProcessBuilder builder = new ProcessBuilder(tool.command(classPath))
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("output.txt").toFile());
        if (tool == Tool.JCSTRESS) {
            builder.directory(work.toFile());
        }
        Process process = builder.start();
        Verdict verdict = verdict(process, work.resolve("output.txt"));
        if (process.isAlive()) {
            List<ProcessHandle> children = process.descendants().toList();
            process.destroyForcibly().waitFor();
            children.forEach(ProcessHandle::destroyForcibly);
        }
        String result = verdict.text + " (" + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began) + " s)";
        System.out.println(
                displayName(tool) + ", " + (bug == null ? "the real classes" : displayName(bug)) + ": " + result);
        return result;
    }

    private static Verdict verdict(Process process, Path output) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + HANG.toNanos();
        while (System.nanoTime() - deadline < 0) {
            if (process.waitFor(500, TimeUnit.MILLISECONDS)) {
                return process.exitValue() == 0 ? Verdict.MISSED : Verdict.FOUND;
            }
            if (Files.readString(output).contains(JCSTRESS_FAILURE)) {
                return Verdict.FOUND; // jcstress would run its other tests first
            }
        }
        return Verdict.HUNG;
    }
}
