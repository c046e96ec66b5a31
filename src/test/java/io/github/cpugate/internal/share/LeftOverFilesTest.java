package io.github.cpugate.internal.share;

import static io.github.cpugate.internal.share.TestPeer.gateFiles;
import static io.github.cpugate.internal.share.TestPeer.meet;
import static io.github.cpugate.internal.share.TestPeer.onlyFile;
import static io.github.cpugate.internal.share.TestPeer.pass;
import static io.github.cpugate.internal.share.TestPeer.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests files of gates that ended without close(), and what is deleted and what is not. */
class LeftOverFilesTest {

    private static final int STALE_FILES = 1_000;
    private static final int MOST_READS = 3 * 64; // of such files, in a step

    @TempDir
    Path directory;

    private final AtomicLong clock = new AtomicLong();
    private TestPeer gate;
    private Path own;

    @BeforeEach
    void makeAGate() throws IOException {
        gate = new TestPeer(directory, clock);
        gate.step();
        own = onlyFile(directory);
    }

    private void makeStaleFiles() throws IOException {
        for (int i = 0; i < STALE_FILES; i++) {
            UUID name = UUID.nameUUIDFromBytes(("stale " + i).getBytes(StandardCharsets.UTF_8));
            Files.write(directory.resolve(name + ".gate"), record(i));
        }
    }

    @Test
    void aPeerAmongAThousandStaleFilesIsSeenWithinSomeSteps() throws IOException {
        makeStaleFiles();
        TestPeer peer = new TestPeer(directory, clock);
        int steps = 0;
        do {
            steps++;
            peer.step();
            pass(clock, 0.1);
        } while (gate.step().isEmpty() && steps < 500);
        assertThat(steps).isLessThan(50);
        for (int i = 0; i < 50; i++) {
            peer.step();
            pass(clock, 0.1);
            assertThat(gate.step()).hasSize(1);
            assertThat(gate.problem()).isEmpty();
        }
        assertThat(peer.step()).hasSize(1);
    }

    @Test
    void aThousandStaleFilesTakeNoStepLong() throws IOException {
        makeStaleFiles();
        long[] nanos = new long[100];
        for (int i = 0; i < nanos.length; i++) {
            long start = System.nanoTime();
            gate.step();
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        assertThat(Duration.ofNanos(nanos[nanos.length / 2])).isLessThan(Duration.ofMillis(50));
    }

    /** A file is deleted when it is read, so a step deletes no more than it reads. */
    @Test
    void aThousandStaleFilesAreDeletedAfterAMinuteSomeAtATime() throws IOException {
        makeStaleFiles();
        for (int i = 0; i < 40; i++) {
            gate.step();
        }
        assertThat(gateFiles(directory)).hasSize(1 + STALE_FILES);
        pass(clock, 61);
        int left = STALE_FILES;
        for (int i = 0; i < 100; i++) {
            gate.step();
            int now = gateFiles(directory).size() - 1;
            assertThat(left - now).as("files of %d, at step %d", left, i).isLessThanOrEqualTo(MOST_READS);
            left = now;
        }
        assertThat(gateFiles(directory)).containsExactly(own);
        assertThat(gate.problem()).isEmpty();
    }

    private void twoMinutes() {
        for (int second = 0; second < 120; second++) {
            gate.step();
            pass(clock, 1);
        }
    }

    @Test
    void whatIsNoGatesFileIsNeitherReadNorDeleted() throws IOException {
        Files.writeString(directory.resolve("notes.txt"), "precious");
        Files.writeString(directory.resolve("x.gate.bak"), "precious");
        Files.writeString(directory.resolve("gate"), "precious");
        twoMinutes();
        assertThat(gate.problem()).isEmpty();
        assertThat(directory.toFile().list()).hasSize(4);
    }

    @Test
    void linksDirectoriesAndPipesAreNeverDeleted() throws Exception {
        Path notes = Files.writeString(directory.resolve("notes.txt"), "precious");
        Path stale = Files.write(directory.resolve("stale"), record(1));
        Files.createSymbolicLink(directory.resolve("a.gate"), notes);
        Files.createSymbolicLink(directory.resolve("b.gate"), stale);
        Files.createSymbolicLink(directory.resolve("c.gate"), directory.resolve("nowhere"));
        Files.createDirectory(directory.resolve("d.gate"));
        Path pipe = directory.resolve("e.gate");
        Process mkfifo = Processes.start(new ProcessBuilder("mkfifo", pipe.toString()));
        assumeTrue(mkfifo.waitFor() == 0, "no named pipe can be made here");
        assertTimeoutPreemptively(Await.DEADLINE, this::twoMinutes);
        assertThat(gateFiles(directory)).hasSize(6);
        assertThat(notes).hasContent("precious");
        assertThat(stale).exists();
        assertThat(gate.problem()).contains(".gate: ");
    }

    @ParameterizedTest
    @ValueSource(ints = {12, RecordFormat.SIZE, 100_000})
    void aFileThatIsNoRecordIsNeverDeleted(int size) throws IOException {
        byte[] precious = new byte[size];
        Arrays.fill(precious, (byte) 'x');
        Path file = Files.write(directory.resolve("precious.gate"), precious);
        twoMinutes();
        assertThat(file).hasBinaryContent(precious);
    }

    @Test
    void aPeerThatWasDeletedByMistakeIsSeenAgain() throws IOException {
        TestPeer peer = new TestPeer(directory, clock);
        meet(gate, peer);
        gate.step();
        pass(clock, 61);
        gate.step();
        assertThat(gateFiles(directory)).containsExactly(own);
        meet(gate, peer);
        assertThat(gate.step()).hasSize(1);
        assertThat(peer.problem()).isEmpty();
        assertThat(Files.exists(own, LinkOption.NOFOLLOW_LINKS)).isTrue();
    }
}
