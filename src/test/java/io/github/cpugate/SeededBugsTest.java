package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Keeps the seeded bugs in step with the sources; {@link SeededBugs} runs them. */
class SeededBugsTest {

    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @ParameterizedTest
    @EnumSource
    void eachSeededBugFitsTheSourcesAndCompiles(SeededBug bug, @TempDir Path target) {
        assertThat(bug.compile(target, CLASS_PATH)).isNotEmptyDirectory();
    }
}
