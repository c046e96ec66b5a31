package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Processes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program of docs/getting-started.md. */
@Tag("slow")
@Timeout(60)
class BatchTest {

    @Test
    void theBatchPrintsItsAnswersAndEnds(@TempDir Path folder) throws Exception {
        Path prompts = Files.write(folder.resolve("prompts.txt"), List.of("one", "two", "three"));
        Process batch = Processes.start(Processes.java(Batch.class.getName(), prompts.toString()));

        assertThat(Processes.outputOf(batch).lines()).contains("one", "two", "three");
        assertThat(batch.waitFor()).isZero();
    }
}
