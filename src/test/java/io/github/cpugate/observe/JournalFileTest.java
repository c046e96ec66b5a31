package io.github.cpugate.observe;

import static io.github.cpugate.observe.JournalTest.gate;
import static io.github.cpugate.observe.JournalTest.lines;
import static io.github.cpugate.observe.JournalTest.steps;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import io.github.cpugate.testing.Processes;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests what a journal does with its file: when it is full, when it cannot be written, and when others touch it. */
class JournalFileTest {

    @TempDir
    Path folder;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    @Test
    void aFileThatReachesItsMaximumSizeIsRenamed() throws IOException {
        Path file = folder.resolve("gate.csv");
        long line;
        try (AdaptiveCpuGate gate = gate("batch", Journal.csv(file), 60)) {
            gate.step();
        }
        line = Files.size(file);
        Files.delete(file);
        for (int i = 1; i <= 10; i++) { // one write each, since the journal ends with the gate
            try (AdaptiveCpuGate gate = gate("batch", Journal.csv(file, line + 10, 2), 60)) {
                gate.step();
            }
        }
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("gate.csv", "gate.1.csv", "gate.2.csv");
        for (String name : List.of("gate.csv", "gate.1.csv", "gate.2.csv")) {
            assertThat(lines(folder.resolve(name)))
                    .hasSize(2)
                    .first()
                    .asString()
                    .startsWith("time,");
        }
    }

    @Test
    void aFileThatCannotBeRenamedGrows() {
        Path file = folder.resolve("x".repeat(249) + ".jsonl"); // with a number it is too long for a file system
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file, 600, 3), 60)) {
            for (int step = 1; step <= 5; step++) {
                int written = step;
                gate.step();
                Await.until("the step is written", () -> lines(file).size() == written);
            }
        }
        assertThat(lines(file)).hasSize(5);
        assertThat(log.messagesAt(Level.WARN))
                .singleElement()
                .asString()
                .contains("cannot be renamed at its maximum size and grows beyond it: ");
    }

    @Test
    void renamingGoesOnWhereAnAttemptFailedHalfWay() throws IOException {
        Path file = Files.writeString(folder.resolve("gate.jsonl"), "{\"raw\":1}\n");
        for (int number = 2; number <= 4; number++) { // the present file could not be renamed after the older ones
            Files.writeString(folder.resolve("gate." + number + ".jsonl"), "older " + (number - 1));
        }
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file, 100, 3), 60)) {
            gate.step();
        }
        assertThat(folder.resolve("gate.1.jsonl")).hasContent("{\"raw\":1}");
        assertThat(folder.resolve("gate.2.jsonl")).hasContent("older 1");
        assertThat(folder.resolve("gate.3.jsonl")).hasContent("older 2");
        assertThat(folder.resolve("gate.4.jsonl")).doesNotExist();
        assertThat(steps(file)).hasSize(1);
    }

    /** What logrotate does to a journal's file, by its option's name. */
    private enum Rotation {
        CREATE {
            @Override
            void rotate(Path file, Path old) throws IOException {
                Files.move(file, old);
                Files.createFile(file);
            }
        },
        NOCREATE {
            @Override
            void rotate(Path file, Path old) throws IOException {
                Files.move(file, old);
            }
        },
        COPYTRUNCATE {
            @Override
            void rotate(Path file, Path old) throws IOException {
                Files.copy(file, old);
                Files.writeString(file, "");
            }
        };

        abstract void rotate(Path file, Path old) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aFileThatAnotherProgramRotatesIsBegunAnew(Rotation rotation) throws IOException {
        Path file = folder.resolve("gate.csv");
        try (AdaptiveCpuGate gate = gate("batch", Journal.csv(file), 60)) {
            for (int rotations = 1; rotations <= 2; rotations++) {
                gate.step();
                Await.until("a step is written", () -> lines(file).size() == 2);
                gate.step();
                Await.until("a second step is written", () -> lines(file).size() == 3);
                Path old = folder.resolve("gate.csv." + rotations);
                rotation.rotate(file, old);
                gate.step();
                Await.until(
                        "the header and the next step are written",
                        () -> lines(file).size() == 2);
                assertThat(lines(file).get(0)).startsWith("time,gate,");
                assertThat(lines(old)).hasSize(3);
                Files.delete(file);
            }
        }
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aSymbolicLinkIsNotFollowed() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "precious");
        Path file = Files.createSymbolicLink(folder.resolve("gate.jsonl"), target);
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
        }
        assertThat(target).hasContent("precious");
        assertThat(log.messagesAt(Level.WARN))
                .hasSize(2)
                .anyMatch(
                        message -> message.contains("gate.jsonl: is a symbolic link, which a journal does not follow"))
                .anyMatch(message -> message.endsWith("is closed; steps lost: 1"));
    }

    @Test
    void aNewFileIsForItsOwnerOnlyAndAnOldOneKeepsItsPermissions() throws IOException {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"), "no POSIX permissions");
        Path file = folder.resolve("gate.jsonl");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file, 600, 1), 60)) {
            gate.step();
        }
        for (Path each : List.of(file, folder.resolve("gate.1.jsonl"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
                    .isEqualTo("rw-r-----");
        }
    }

    @Test
    void aFolderThatVanishesIsCreatedAgain() throws IOException {
        Path file = folder.resolve("logs/gate.jsonl");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
            Await.until("the step is written", () -> lines(file).size() == 1);
            Files.delete(file);
            Files.delete(file.getParent());
            gate.step();
            Await.until("the next step is written", () -> lines(file).size() == 1);
            assertThat(log.messagesAt(Level.WARN)).isEmpty();
        }
    }

    @Test
    void anUnwritableFileIsLoggedOnceAndWrittenWhenItCanBe() throws IOException {
        Path file = folder.resolve("logs/gate.jsonl");
        Files.writeString(folder.resolve("logs"), "in the way");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            gate.step();
            Files.delete(folder.resolve("logs"));
            Await.until("the step is written", () -> {
                gate.step();
                return !lines(file).isEmpty();
            });
            Await.until(
                    "the end of the fault is logged",
                    () -> log.messagesAt(Level.INFO).stream()
                            .anyMatch(message -> message.matches("journal .* is written again; steps lost: [0-9]+")));
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("logs/gate.jsonl cannot be");
        }
    }

    @Test
    void aFullDiskDoesNotAffectTheGate() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "there is no /dev/full");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(full), 95)) {
            for (int i = 0; i < 20; i++) {
                gate.step();
            }
            assertThat(gate.snapshot().limit()).isEqualTo(1);
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            gate.close();
            assertThat(log.messagesAt(Level.WARN))
                    .hasSize(2)
                    .anyMatch(message -> message.contains("No space left"))
                    .anyMatch(message -> message.endsWith("is closed; steps lost: 20"));
        }
    }

    @Test
    void aTornLineIsNotContinued() throws IOException {
        Path file = Files.writeString(folder.resolve("gate.jsonl"), "{\"time\":\"20");
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
        }
        assertThat(lines(file)).hasSize(2);
        assertThat(lines(file).get(1)).startsWith("{\"time\":\"20").endsWith("}");
    }

    /** A file that hangs whoever opens it for writing, until it is opened for reading. */
    private Path hangingFile() throws Exception {
        Path file = folder.resolve("gate.jsonl");
        Process mkfifo = Processes.start(new ProcessBuilder("mkfifo", file.toString()));
        assumeTrue(mkfifo.waitFor() == 0, "no FIFO can be made here");
        return file;
    }

    @Test
    void stepsThatAHangingDiskLosesAreCountedAndLogged() throws Exception {
        Path file = hangingFile();
        log.setLevel(Level.INFO); // without the lines of the steps
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
            Await.until(
                    "the writer hangs",
                    () -> Thread.getAllStackTraces().values().stream()
                            .flatMap(Stream::of)
                            .anyMatch(frame -> frame.getClassName().equals(JournalFile.class.getName())));
            for (int i = 0; i < 10_000 + 499; i++) {
                gate.step();
            }
            assertThat(log.messagesAt(Level.WARN))
                    .singleElement()
                    .asString()
                    .startsWith("a listener of gate 'batch' fails: ")
                    .contains(file + " hangs: 10000 steps wait to be written, and further ones are dropped");
            try (BufferedReader in = Files.newBufferedReader(file)) {
                for (int i = 0; i < 1 + 10_000; i++) {
                    assertThat(in.readLine()).startsWith("{");
                }
                assertThat(log.messagesAt(Level.INFO))
                        .contains("journal " + file + " is written again; steps lost: 499");
                for (int i = 0; i < 10; i++) { // a listener must work ten times in a row after a fault
                    gate.step();
                }
                gate.close();
                assertThat(in.lines()).hasSize(10);
            }
            assertThat(log.messagesAt(Level.INFO)).contains("a listener of gate 'batch' works again");
        }
    }

    @Test
    @Tag("slow")
    void aDiskThatHangsAtTheEndIsLogged() throws Exception {
        Path file = hangingFile();
        try (AdaptiveCpuGate gate = gate("batch", Journal.jsonLines(file), 60)) {
            gate.step();
        }
        assertThat(log.messagesAt(Level.WARN))
                .singleElement()
                .asString()
                .contains(file + " hangs: its last steps are not written yet");
        try (BufferedReader in = Files.newBufferedReader(file)) {
            assertThat(in.lines()).as("the writer goes on").hasSize(1);
        }
    }
}
