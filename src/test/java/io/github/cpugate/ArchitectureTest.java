package io.github.cpugate;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Imports run one way along a sample's way: cpu, then policy and gate, then who tells of it. */
class ArchitectureTest {

    private static final Pattern CLASS_NAME = Pattern.compile("\\{@code ([A-Z]\\w+)}");

    private final JavaClasses library = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.github.cpugate");

    @Test
    void measuringKnowsNothingOfTheGate() {
        noClasses()
                .that()
                .resideInAPackage("io.github.cpugate.cpu")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.github.cpugate")
                .check(library);
    }

    @Test
    void oshiIsNamedWhereCpuIsMeasuredAndNowhereElse() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.github.cpugate.cpu")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("oshi..", "com.sun..")
                .check(library);
    }

    @Test
    void policiesKnowNeitherTheLineNorTheGate() {
        noClasses()
                .that()
                .areAssignableTo(StepPolicy.class)
                .or()
                .areAssignableTo(StepInput.class)
                .or()
                .areAssignableTo(Decision.class)
                .should()
                .dependOnClassesThat()
                .areAssignableTo(AdaptiveCpuGate.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(WaitingLine.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Governor.class)
                .check(library);
    }

    @Test
    void noPartKnowsTheGateThatItIsAPartOf() {
        noClasses()
                .that()
                .haveNameNotMatching(".*AdaptiveCpuGate.*")
                .and()
                .resideOutsideOfPackage("io.github.cpugate.observe")
                .should()
                .dependOnClassesThat()
                .haveNameMatching(".*AdaptiveCpuGate.*")
                .check(library);
    }

    @Test
    void theLineKnowsNothingOfCpu() {
        noClasses()
                .that()
                .areAssignableTo(WaitingLine.class)
                .or()
                .areAssignableTo(Slot.class)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.github.cpugate.cpu")
                .check(library);
    }

    @Test
    void whatTellsOfTheGateIsNamedByNobody() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.github.cpugate.observe")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.github.cpugate.observe", "io.micrometer..")
                .check(library);
    }

    @Test
    void flightRecorderMayBeMissing() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.JfrEvents(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.jfr..")
                .check(library);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cpu", "observe"})
    void thePackagesMapNamesWhatIsThere(String name) throws IOException {
        Path sources = Path.of("src/main/java/io/github/cpugate", name);
        assertThat(CLASS_NAME
                        .matcher(Files.readString(sources.resolve("package-info.java")))
                        .results())
                .isNotEmpty()
                .allSatisfy(named ->
                        assertThat(sources.resolve(named.group(1) + ".java")).exists());
    }
}
