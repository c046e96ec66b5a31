package io.github.cpugate;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks which packages of the library may depend on which. */
class ArchitectureTest {

    private static final String ROOT = "io.github.cpugate";
    private static final String CPU = ROOT + ".cpu";
    private static final String POLICY = ROOT + ".policy";
    private static final String OBSERVE = ROOT + ".observe";
    private static final String INTERNAL = ROOT + ".internal";
    private static final String LINE = ROOT + ".internal.line";
    private static final String GOVERNOR = ROOT + ".internal.governor";
    private static final String SHARE = ROOT + ".internal.share";
    private static final String SPRING = ROOT + ".spring";
    private static final String TEMPORAL = ROOT + ".temporal";
    private static final String LOG = ROOT + ".internal.log";
    private static final String GATE = ".*\\.(AdaptiveCpuGate(\\$.*)?|GateOptions)";

    private static final int MAX_ROOT_FILES = 12;
    private static final Pattern CLASS_NAME = Pattern.compile("\\{@code ([A-Z]\\w+)}");

    private static final JavaClasses LIBRARY = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private void onlyDependsOn(String from, String... allowed) {
        classes()
                .that()
                .resideInAPackage(from)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        Stream.concat(Stream.of(from, "java..", "javax..", "org.jspecify.."), Stream.of(allowed))
                                .toArray(String[]::new))
                .check(LIBRARY);
    }

    @Test
    void cpuDependsOnlyOnTheLog() {
        onlyDependsOn(CPU, LOG, "oshi..", "com.sun.management");
    }

    @Test
    void theLogDependsOnNoOtherPackage() {
        onlyDependsOn(LOG, "org.slf4j..");
    }

    /** Its messages have no control characters in them. */
    @Test
    void allLogLinesGoThroughTheLibrarysLog() {
        noClasses()
                .that()
                .resideOutsideOfPackage(LOG)
                .should()
                .dependOnClassesThat()
                .haveNameMatching("org\\.slf4j\\.Logger(Factory)?")
                .check(LIBRARY);
    }

    @Test
    void policyDependsOnlyOnCpu() {
        onlyDependsOn(POLICY, CPU);
    }

    @Test
    void policiesUseNoClockNoConcurrencyNoLoggingAndNoIo() {
        noClasses()
                .that()
                .resideInAPackage(POLICY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.util.concurrent..", "java.io..", "java.nio..", "java.time..", "org.slf4j..")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(LIBRARY);
    }

    @Test
    void theLineDependsOnlyOnTheRootPackage() {
        onlyDependsOn(LINE, ROOT, INTERNAL);
    }

    @Test
    void theGovernorDoesNotDependOnObserve() {
        onlyDependsOn(GOVERNOR, ROOT, INTERNAL, CPU, POLICY, LINE, SHARE, LOG, "org.slf4j.event");
    }

    @Test
    void sharingDependsOnlyOnTheRootPackageCpuAndPolicy() {
        onlyDependsOn(SHARE, ROOT, CPU, POLICY);
    }

    @Test
    void observeDependsOnlyOnPublicPackagesTheLogAndThreads() {
        onlyDependsOn(OBSERVE, ROOT, CPU, POLICY, INTERNAL, LOG, "org.slf4j.event", "io.micrometer..", "jdk.jfr..");
    }

    @Test
    void inTheRootPackageOnlyTheGateDependsOnInternals() {
        noClasses()
                .that()
                .resideInAPackage(ROOT)
                .and()
                .haveNameNotMatching(GATE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + ".internal..", OBSERVE)
                .check(LIBRARY);
    }

    @Test
    void onlyObserveAndIntegrationsDependOnTheGate() {
        noClasses()
                .that()
                .haveNameNotMatching(GATE)
                .and()
                .resideOutsideOfPackages(OBSERVE, SPRING)
                .should()
                .dependOnClassesThat()
                .haveNameMatching(GATE)
                .check(LIBRARY);
    }

    /** It is compiled beside the tests, so that nothing of the library can depend on it. */
    @Test
    void theIntegrationOfTemporalUsesTheRootPackageOnly() {
        classes()
                .that()
                .resideInAPackage(TEMPORAL)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(TEMPORAL, ROOT, "java..", "org.jspecify..", "io.temporal..", "org.slf4j..")
                .check(new ClassFileImporter()
                        .withImportOption(location -> !location.matches(Pattern.compile(".*/\\w*(Test|Server)\\b.*")))
                        .importPackages(TEMPORAL));
    }

    @Test
    void nothingDependsOnTheIntegrationOfSpringWhichUsesPublicPackagesOnly() {
        onlyDependsOn(SPRING, ROOT, CPU, POLICY, OBSERVE, "org.springframework..", "io.micrometer..");
        noClasses()
                .that()
                .resideOutsideOfPackage(SPRING)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(SPRING, "org.springframework..")
                .check(LIBRARY);
    }

    /** The gate is in the root package and depends on all packages, so it counts as a package of its own here. */
    @Test
    void packagesDoNotDependOnEachOtherInCycles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass each) {
                        return SliceIdentifier.of(each.getName().matches(GATE) ? "gate" : each.getPackageName());
                    }

                    @Override
                    public String getDescription() {
                        return "packages";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(LIBRARY);
    }

    @Test
    void onlyJfrEventsDependsOnFlightRecorder() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.JfrEvents(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.jfr..")
                .check(LIBRARY);
    }

    @Test
    void theRootPackageHasFewFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/main/java/io/github/cpugate"))) {
            assertThat(files.filter(Files::isRegularFile)).hasSizeLessThanOrEqualTo(MAX_ROOT_FILES);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "cpu",
                "policy",
                "observe",
                "internal",
                "internal/line",
                "internal/governor",
                "internal/share",
                "internal/log",
                "spring"
            })
    void packageDescriptionsNameOnlyClassesThatExist(String name) throws IOException {
        Path sources = Path.of("src/main/java/io/github/cpugate", name);
        String description = Files.readString(sources.resolve("package-info.java"));
        assertThat(CLASS_NAME.matcher(description).results())
                .isNotEmpty()
                .allSatisfy(named ->
                        assertThat(sources.resolve(named.group(1) + ".java")).exists());
    }
}
