package io.github.cpugate.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts other processes. A test that needs one is skipped where none can be started. */
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

    /** Prepares a JVM with the class path of this one. The arguments are options, the main class and its arguments. */
    public static ProcessBuilder java(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(tool("java").toString(), "-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true);
    }

    /** Skips the test if this Java run-time has no {@code jcmd}. */
    public static void assumeJcmd() {
        assumeTrue(Files.isExecutable(tool("jcmd")), "no jcmd in this Java run-time");
    }

    /** Sends a request to a JVM and returns the answer. */
    public static String jcmd(Process jvm, String... request) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(tool("jcmd").toString(), String.valueOf(jvm.pid())));
        command.addAll(List.of(request));
        Process jcmd = start(new ProcessBuilder(command).redirectErrorStream(true));
        String output = outputOf(jcmd);
        assertThat(jcmd.waitFor()).as(output).isZero();
        return output;
    }

    /** Waits for the end of the process and returns its output. */
    public static String outputOf(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
