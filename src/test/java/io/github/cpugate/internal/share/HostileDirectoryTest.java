package io.github.cpugate.internal.share;

import static io.github.cpugate.internal.share.TestPeer.STATE;
import static io.github.cpugate.internal.share.TestPeer.gateFiles;
import static io.github.cpugate.internal.share.TestPeer.meet;
import static io.github.cpugate.internal.share.TestPeer.onlyFile;
import static io.github.cpugate.internal.share.TestPeer.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.cpugate.internal.share.Peers.Peer;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests a directory in which others do what no gate does. A gate reports it, and works with those that it sees. */
class HostileDirectoryTest {

    private static final List<Peer> ONE = List.of(new Peer(STATE, true, true));

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong();
    private Path directory;
    private Path intruder;
    private TestPeer gate;

    @BeforeEach
    void makeAGate() {
        directory = folder.resolve("cpugate");
        intruder = directory.resolve("x.gate");
        gate = new TestPeer(directory, clock);
    }

    /** Returns the gate's own file. */
    private Path own() throws IOException {
        gate.step();
        return onlyFile(directory);
    }

    private TestPeer peer() {
        TestPeer peer = new TestPeer(directory, clock);
        meet(gate, peer);
        return peer;
    }

    private void assertNothingIsWrong() {
        assertThat(gate.problem()).isEmpty();
    }

    private void assertReported(Path culprit) {
        assertThat(gate.problemAfterSteps()).contains(culprit.toString());
        gate.step();
        assertThat(gate.problem()).as("at each step").contains(culprit.toString());
    }

    private void mkfifo(Path pipe) throws Exception {
        Process mkfifo = Processes.start(new ProcessBuilder("mkfifo", pipe.toString()));
        assumeTrue(mkfifo.waitFor() == 0, "no named pipe can be made here");
    }

    @Test
    void aFileInPlaceOfTheDirectoryIsReportedUntilItIsGone() throws IOException {
        Files.writeString(directory, "in the way");
        gate.step();
        assertThat(gate.problem()).as("at once").contains(directory.toString());
        assertReported(directory);
        gate.peers.close();
        assertThat(directory).hasContent("in the way");
        gate = new TestPeer(directory, clock);
        Files.delete(directory);
        gate.step();
        assertNothingIsWrong();
    }

    @Test
    void aFileInPlaceOfTheParentIsReportedUntilItIsGone() throws IOException {
        gate = new TestPeer(directory.resolve("deep"), clock);
        Files.writeString(directory, "in the way");
        assertReported(directory);
        Files.delete(directory);
        gate.step();
        assertNothingIsWrong();
    }

    @Test
    void aLinkToNowhereInPlaceOfTheDirectoryIsReported() throws IOException {
        Files.createSymbolicLink(directory, folder.resolve("nowhere"));
        assertReported(directory);
        Files.createDirectory(folder.resolve("nowhere"));
        gate.step();
        assertNothingIsWrong();
    }

    @Test
    void aDirectoryThatCannotBeMadeIsReported() {
        Path proc = Path.of("/proc/cpugate");
        assumeTrue(Files.isDirectory(proc.getParent()), "there is no /proc");
        gate = new TestPeer(proc, clock);
        assertReported(proc);
        gate.peers.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"---------", "r-xr-xr-x", "-wx------"})
    void aDirectoryWithoutPermissionsIsReportedUntilItHasThem(String permissions) throws IOException {
        TestPeer peer = peer();
        gate.peers.close();
        gate = new TestPeer(directory, clock);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(permissions));
        try {
            assumeFalse(Files.isReadable(directory) && Files.isWritable(directory), "root may do everything");
            assertReported(directory);
            peer.step();
        } finally {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        }
        meet(gate, peer);
        assertThat(gate.step()).isEqualTo(ONE);
        assertNothingIsWrong();
    }

    static List<byte[]> contents() {
        byte[] record = record(1);
        byte[] wrong = record.clone();
        wrong[40] ^= 1;
        byte[] noise = new byte[RecordFormat.SIZE];
        Arrays.fill(noise, (byte) 0xB5);
        return List.of(
                new byte[0],
                Arrays.copyOf(record, RecordFormat.SIZE / 2),
                Arrays.copyOf(record, RecordFormat.SIZE + 1),
                "garbage".getBytes(StandardCharsets.UTF_8),
                new byte[RecordFormat.SIZE],
                new byte[1_000_000],
                noise,
                wrong);
    }

    @ParameterizedTest
    @MethodSource("contents")
    void aFileThatIsNoRecordIsReportedUntilItIsGone(byte[] content) throws IOException {
        TestPeer peer = peer();
        Files.write(intruder, content);
        assertReported(intruder);
        peer.step();
        assertThat(gate.step()).isEqualTo(ONE);
        Files.delete(intruder);
        gate.step();
        assertNothingIsWrong();
    }

    @Test
    void aFileThatIsNoRecordAndChangesIsNoPeer() throws IOException {
        for (int i = 0; i < 5; i++) {
            Files.writeString(intruder(), "garbage " + i);
            assertThat(gate.step()).isEmpty();
        }
        assertThat(gate.problem()).contains(intruder.toString());
        for (int i = 0; i < 2; i++) {
            Files.write(intruder, record(i));
            gate.step();
        }
        assertNothingIsWrong();
        assertThat(gate.step()).hasSize(1);
    }

    private Path intruder() throws IOException {
        Files.createDirectories(directory);
        return intruder;
    }

    @Test
    void aTornReadKeepsThePeerAndReportsNothing() throws IOException {
        Path own = own();
        TestPeer peer = peer();
        Path file = gateFiles(directory).stream()
                .filter(each -> !each.equals(own))
                .findAny()
                .orElseThrow();
        for (int size : new int[] {0, 1, 100, RecordFormat.SIZE - 1}) {
            byte[] whole = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(whole, size));
            assertThat(gate.step()).as("%d bytes", size).isEqualTo(ONE);
            assertNothingIsWrong();
            peer.step();
            assertThat(gate.step()).isEqualTo(ONE);
            assertNothingIsWrong();
        }
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 100));
        assertReported(file);
        assertThat(gate.step()).isEmpty();
        meet(gate, peer);
        assertThat(gate.step()).as("it publishes again").isEqualTo(ONE);
        assertNothingIsWrong();
    }

    @Test
    void aDirectoryInPlaceOfARecordIsReportedUntilItIsGone() throws IOException {
        TestPeer peer = peer();
        Files.createDirectory(intruder);
        assertReported(intruder);
        peer.step();
        assertThat(gate.step()).isEqualTo(ONE);
        Files.delete(intruder);
        gate.step();
        assertNothingIsWrong();
    }

    @Test
    void aLinkToTheRecordOfAPeerIsNoPeer() throws IOException {
        Path own = own();
        TestPeer peer = peer();
        Path file = gateFiles(directory).stream()
                .filter(each -> !each.equals(own))
                .findAny()
                .orElseThrow();
        Files.createSymbolicLink(intruder, file);
        for (int i = 0; i < 5; i++) {
            peer.step();
            assertThat(gate.step()).isEqualTo(ONE);
        }
        assertReported(intruder);
        Files.delete(intruder);
        gate.step();
        assertNothingIsWrong();
    }

    @Test
    void aNamedPipeInPlaceOfARecordDoesNotBlock() throws Exception {
        TestPeer peer = peer();
        mkfifo(intruder);
        assertTimeoutPreemptively(Await.DEADLINE, () -> assertReported(intruder));
        peer.step();
        assertThat(gate.step()).isEqualTo(ONE);
        Files.delete(intruder);
        gate.step();
        assertNothingIsWrong();
    }
}
