package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Other processes, as a test needs them; where none can be started the test is skipped. */
public final class Processes {

    private Processes() {}

    private static Path tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name);
    }

    public static Process start(ProcessBuilder process) {
        try {
            return process.start();
        } catch (IOException e) {
            return abort("this JVM cannot start another process: " + e);
        }
    }

    /** A JVM like this one, to be started: options, main class and arguments are the caller's. */
    public static ProcessBuilder java(String... words) {
        List<String> command =
                new ArrayList<>(List.of(tool("java").toString(), "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(words));
        return new ProcessBuilder(command).redirectErrorStream(true);
    }

    /** Skips the test if this Java run-time has no {@code jcmd}. */
    public static void assumeJcmd() {
        assumeTrue(Files.isExecutable(tool("jcmd")), "no jcmd in this Java run-time");
    }

    /** Sends a request to a JVM, and returns the answer. */
    public static String jcmd(Process jvm, String... request) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(tool("jcmd").toString(), String.valueOf(jvm.pid())));
        command.addAll(List.of(request));
        Process jcmd = start(new ProcessBuilder(command).redirectErrorStream(true));
        String said = outputOf(jcmd);
        assertThat(jcmd.waitFor()).as(said).isZero();
        return said;
    }

    /** All that it says until it ends. */
    public static String outputOf(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
