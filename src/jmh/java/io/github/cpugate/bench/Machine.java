package io.github.cpugate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Says where figures come from. */
public final class Machine {

    private Machine() {}

    /** Prints the machine, and the command that prints the same again. */
    static void print(String execution, String... args) {
        String launcher = launcher();
        printWithOptions(
                execution,
                (launcher.equals("java") ? "" : " -Dbench.java=" + launcher)
                        + (args.length == 0 ? "" : " -Dbench.args=\"" + String.join(" ", args) + "\""));
    }

    /** The same, with the options that the command has behind it. */
    public static void printWithOptions(String execution, String options) {
        String collectors = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(GarbageCollectorMXBean::getName)
                .collect(Collectors.joining(", "));
        System.out.printf(
                Locale.ROOT,
                "%d processors (%s), %s %s, %s %s (%s), %.1f GB of heap (%s); load average before: %.2f%n%n",
                Runtime.getRuntime().availableProcessors(),
                processor(),
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                System.getProperty("java.vm.name"),
                System.getProperty("java.vm.version"),
                System.getProperty("java.vendor"),
                Runtime.getRuntime().maxMemory() / 1e9,
                collectors,
                ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        System.out.printf("```sh%nmvn -q test-compile exec:exec@%s%s%n```%n%n", execution, options);
    }

    /** The java that this JVM was started by; its own java.home may hold one that needs a wrapper. */
    public static String launcher() {
        return System.getProperty("bench.java", "java");
    }

    private static String processor() {
        Path info = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(info)) {
            return System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(info)) {
            List<String> models = lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .distinct()
                    .toList();
            return models.isEmpty() ? System.getProperty("os.arch") : String.join(", ", models);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
