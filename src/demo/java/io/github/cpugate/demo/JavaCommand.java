package io.github.cpugate.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command that runs a class of this class path in a JVM of its own. */
public final class JavaCommand {

    private JavaCommand() {}

    /**
     * Returns the command.
     *
     * @param arguments options of the JVM, the class, and its arguments
     * @return the command, in a list that may be changed
     */
    public static List<String> of(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(arguments);
        return command;
    }
}
