package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Processes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the default sampler with other versions of OSHI than the one that the library asks for, or parts of it. */
@Tag("slow")
class OshiVersionsTest {

    /** Prints the first source that opens, and the health of a sample that has one. */
    public static final class Sampling {

        private Sampling() {}

        public static void main(String[] args) {
            for (HostCpuSource.Candidate candidate : new HostCpuSource().candidates()) {
                try {
                    var unused = candidate.opener().get().reading();
                    System.out.println(candidate.name());
                    break;
                } catch (Throwable t) {
                    // The next one is tried, as the sampler does.
                }
            }
            CpuSampler sampler = CpuSampler.ofHost();
            long end = System.nanoTime() + 10_000_000_000L;
            CpuSample sample = sampler.sample();
            while (!sample.isOk() && System.nanoTime() < end) {
                Thread.onSpinWait();
                sample = sampler.sample();
            }
            System.out.println(sample.health());
        }
    }

    @ParameterizedTest(name = "OSHI {0}")
    @CsvSource({
        "7 (oshi-core oshi-common jna), OSHI without native code",
        "7 without oshi-common (oshi-core jna), /proc/stat",
        "6.9.0 (oshi-core-6.9.0 jna), OSHI (JNA)",
        "5.8.7 (oshi-core-5.8.7 jna), OSHI (JNA)",
        "'none ()', /proc/stat",
    })
    void theNextSourceServes(String classPath, String source) throws IOException {
        String[] jars = classPath.replaceFirst(".*\\(", "").replace(")", "").split(" ", -1);
        Stream<Path> all = Stream.concat(
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .map(Path::of),
                Stream.of("oshi-core-6.9.0.jar", "oshi-core-5.8.7.jar").map(Path.of("target", "older-oshi")::resolve));
        String path =
                all.filter(each -> isWanted(each, jars)).map(Path::toString).collect(Collectors.joining(":"));

        String output = Processes.outputOf(Processes.start(Processes.java("-cp", path, Sampling.class.getName())));
        assertThat(output.lines().filter(line -> !line.startsWith("SLF4J")))
                .as(output)
                .containsExactly(source, "OK");
    }

    /** Whether a part of the class path is ours, SLF4J, or a jar whose name begins as one of these. */
    private static boolean isWanted(Path path, String[] jars) {
        String name = path.getFileName().toString();
        if (!name.endsWith(".jar") || name.startsWith("slf4j-api") || name.startsWith("jspecify")) {
            return true;
        }
        boolean older = path.getParent().endsWith("older-oshi");
        return Arrays.stream(jars)
                .filter(jar -> !jar.isEmpty())
                .anyMatch(jar -> name.startsWith(jar) && older == jar.matches(".*[0-9]"));
    }
}
