package io.github.cpugate.seeded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests that the seeded bugs still fit the sources. {@link SeededBugs} runs them. */
@Tag("slow")
class SeededBugsTest {

    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @ParameterizedTest
    @EnumSource
    void everySeededBugFitsTheSourcesAndCompiles(SeededBug bug, @TempDir Path target) {
        assertThat(bug.compile(target, CLASS_PATH)).isNotEmptyDirectory();
    }
}
