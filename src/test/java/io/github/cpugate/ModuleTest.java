package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the library as a module, with only its run-time dependencies on the module path. */
class ModuleTest {

    private static List<Path> runTimePath() {
        List<Path> jars = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> path.getFileName()
                        .toString()
                        .matches("(oshi-core|oshi-common|jna-jpms|jna-platform-jpms|slf4j-api)-[0-9.]+\\.jar"))
                .toList();
        assertThat(jars).hasSize(5);
        return Stream.concat(Stream.of(Path.of("target", "classes")), jars.stream())
                .toList();
    }

    @Test
    void theModuleResolves() {
        ModuleFinder finder = ModuleFinder.of(runTimePath().toArray(Path[]::new));

        Configuration resolved =
                ModuleLayer.boot().configuration().resolve(finder, ModuleFinder.of(), Set.of("io.github.cpugate"));
        assertThat(resolved.findModule("com.github.oshi")).isPresent();
    }

    @Test
    void aModuleThatRequiresItCompiles(@TempDir Path folder) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assumeTrue(compiler != null, "no compiler in this Java run-time");
        Path module =
                Files.writeString(folder.resolve("module-info.java"), "module user { requires io.github.cpugate; }");
        Path user = Files.writeString(folder.resolve("User.java"), """
                package user;

                import io.github.cpugate.AdaptiveCpuGate;
                import io.github.cpugate.cpu.CpuSample;

                class User {
                    String use() throws Exception {
                        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder().sampler(() -> CpuSample.of(50)).build()) {
                            return gate.call(() -> "done");
                        }
                    }
                }
                """);
        String path = String.join(
                File.pathSeparator, runTimePath().stream().map(Path::toString).toList());
        StringWriter output = new StringWriter();

        boolean compiled = compiler.getTask(
                        output,
                        null,
                        null,
                        List.of("-proc:none", "-Xlint:all", "--module-path", path, "-d", folder.toString()),
                        null,
                        compiler.getStandardFileManager(null, null, null).getJavaFileObjects(module, user))
                .call();
        assertThat(compiled).as(output.toString()).isTrue();
        assertThat(output.toString()).isEmpty();
    }
}
