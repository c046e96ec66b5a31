package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares what the jar tells GraalVM Native Image with what the library, and OSHI, load by name. */
class NativeImageMetadataTest {

    private static final Path CLASSES = Path.of("target", "classes");
    private static final Path FILE =
            CLASSES.resolve("META-INF/native-image/io.github.cpugate/adaptive-cpu-gate/reachability-metadata.json");

    /** Calls by which a class reaches something that an analysis of calls does not see. */
    private static final Pattern BY_NAME = Pattern.compile("java\\.lang\\.Class\\.(forName|newInstance"
            + "|get(Resource|Declared|Method|Field|Constructor|RecordComponents)\\w*)"
            + "|java\\.lang\\.ClassLoader\\.(loadClass|getResource\\w*|getSystemResource\\w*)"
            + "|java\\.lang\\.Module\\.getResourceAsStream|java\\.lang\\.reflect\\.Proxy\\.newProxyInstance"
            + "|java\\.lang\\.invoke\\.MethodHandles\\$Lookup\\.(find|unreflect)\\w*"
            + "|java\\.util\\.(ServiceLoader\\.load\\w*|ResourceBundle\\.getBundle)"
            + "|java\\.util\\.concurrent\\.atomic\\.Atomic\\w+FieldUpdater\\.newUpdater"
            + "|java\\.io\\.Object(Input|Output)Stream\\.<init>|java\\.lang\\.System\\.load\\w*");

    private static JsonNode metadata() throws IOException {
        return new ObjectMapper().readTree(FILE.toFile());
    }

    /** The resources that an image has whose jars are on the class path, or as a module on the module path. */
    private static Set<String> resources(String module) throws IOException {
        Set<String> names = new TreeSet<>();
        for (JsonNode entry : metadata().get("resources")) {
            if (entry.path("module").asText().equals(module)) {
                names.add(entry.get("glob").asText());
            }
        }
        return names;
    }

    @Test
    void theFileHasNoOtherKindOfEntry() throws IOException {
        assertThat(metadata().fieldNames()).toIterable().containsExactly("reflection", "resources");
        for (JsonNode entry : metadata().get("reflection")) {
            assertThat(entry.fieldNames()).toIterable().isSubsetOf("condition", "type", "allPublicMethods");
        }
        for (JsonNode entry : metadata().get("resources")) {
            assertThat(entry.fieldNames()).toIterable().isSubsetOf("condition", "module", "glob");
        }
    }

    @Test
    void everyClassThatItNamesExists() throws ClassNotFoundException, IOException {
        List<String> names = new ArrayList<>(metadata().findValuesAsText("typeReached"));
        for (JsonNode type : metadata().get("reflection").findValues("type")) {
            if (type.isTextual()) {
                names.add(type.asText());
            } else {
                assertThat(type.fieldNames()).toIterable().containsExactly("proxy");
                type.get("proxy").forEach(each -> names.add(each.asText()));
            }
        }
        assertThat(names).hasSizeGreaterThan(10);
        for (String name : names) {
            assertThat(Class.forName(name, false, getClass().getClassLoader())).isNotNull();
        }
    }

    @Test
    void itNamesExactlyTheResourcesOfTheLibraryAndOfOshi() throws IOException {
        Set<String> library = filesThatAreNoClasses(CLASSES.resolve("io"), CLASSES);
        assertThat(library).contains("io/github/cpugate/observe/report.html");
        assertThat(resources("io.github.cpugate")).isEqualTo(library);

        Set<String> oshi;
        try (FileSystem jar = FileSystems.newFileSystem(oshi())) {
            Path root = jar.getPath("/");
            oshi = filesThatAreNoClasses(root, root);
            oshi.removeIf(name -> name.startsWith("META-INF/"));
        }
        assertThat(oshi).contains("oshi.properties");
        assertThat(resources("com.github.oshi.common")).isEqualTo(oshi);

        Set<String> both = new TreeSet<>(library);
        both.addAll(oshi);
        assertThat(resources("")).isEqualTo(both);
    }

    /** Each resource of OSHI is there if a class is that has its name among its constants. */
    @Test
    void theClassesThatReadAResourceOfOshiAreItsConditions() throws IOException {
        Set<String> resources = resources("com.github.oshi.common");
        Set<String> readers = new TreeSet<>();
        try (FileSystem jar = FileSystems.newFileSystem(oshi())) {
            Path root = jar.getPath("/");
            for (String name : files(root, root)) {
                if (name.endsWith(".class")) {
                    String constants = Files.readString(root.resolve(name), StandardCharsets.ISO_8859_1);
                    for (String resource : resources) {
                        if (constants.contains(resource)) {
                            readers.add(name.replace('/', '.').replaceFirst("\\.class$", " ") + resource);
                        }
                    }
                }
            }
        }
        for (String module : List.of("", "com.github.oshi.common")) {
            Set<String> conditions = new TreeSet<>();
            for (JsonNode entry : metadata().get("resources")) {
                String glob = entry.get("glob").asText();
                if (entry.path("module").asText().equals(module) && glob.startsWith("oshi.")) {
                    conditions.add(entry.at("/condition/typeReached").asText() + " " + glob);
                }
            }
            assertThat(conditions).isEqualTo(readers);
        }
    }

    /** A new one may need an entry. */
    @Test
    void theLibraryReachesNothingElseByName() {
        Set<String> found = new TreeSet<>();
        for (JavaClass each : new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(getClass().getPackageName())) {
            for (JavaAccess<?> access : each.getAccessesFromSelf()) {
                String called = access.getTargetOwner().getName() + "." + access.getName();
                if (BY_NAME.matcher(called).matches()) {
                    found.add(each.getName() + " " + called);
                }
            }
        }
        assertThat(found)
                .containsExactlyInAnyOrder(
                        "io.github.cpugate.observe.Jmx$Bean java.lang.reflect.Proxy.newProxyInstance",
                        "io.github.cpugate.observe.Report java.lang.Class.getResourceAsStream");
    }

    private static Path oshi() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> path.getFileName().toString().matches("oshi-common-[0-9.]+\\.jar"))
                .findFirst()
                .orElseThrow();
    }

    private static Set<String> filesThatAreNoClasses(Path folder, Path root) throws IOException {
        Set<String> names = files(folder, root);
        names.removeIf(name -> name.endsWith(".class"));
        return names;
    }

    private static Set<String> files(Path folder, Path root) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString().replace('\\', '/'))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
