package io.github.cpugate.internal.share;

import static io.github.cpugate.internal.share.TestPeer.meet;
import static io.github.cpugate.internal.share.TestPeer.onlyFile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.cpugate.internal.share.Peers.Peer;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests a gate in place of whose file somebody puts something else. */
class OwnFileTest {

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong();
    private Path directory;
    private TestPeer gate;
    private Path own;

    @BeforeEach
    void makeAGate() throws IOException {
        directory = folder.resolve("cpugate");
        gate = new TestPeer(directory, clock);
        gate.step();
        own = onlyFile(directory);
    }

    @Test
    void aLinkInPlaceOfTheOwnFileIsNotFollowed() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "precious");
        for (Path to : List.of(target, folder.resolve("nothing"))) {
            Files.delete(own);
            Files.createSymbolicLink(own, to);
            assertThat(gate.problemAfterSteps()).isNotEmpty();
        }
        assertThat(folder.resolve("nothing")).doesNotExist();
        Files.delete(own);
        gate.step();
        assertThat(gate.problem()).isEmpty();
        Files.delete(own);
        Files.createSymbolicLink(own, target);
        gate.peers.close();
        assertThat(target).hasContent("precious");
        assertThat(own).doesNotExist();
    }

    @Test
    void aLinkInPlaceOfTheOwnFileIsNamed() throws IOException {
        Files.delete(own);
        Files.createSymbolicLink(own, folder.resolve("target"));
        gate.step();
        assertThat(gate.problem()).contains(own.toString());
    }

    @Test
    void aDirectoryInPlaceOfTheOwnFileIsReportedUntilItIsGone() throws IOException {
        Files.delete(own);
        Files.createDirectory(own);
        gate.step();
        assertThat(gate.problem()).contains(own.toString());
        Files.delete(own);
        gate.step();
        assertThat(gate.problem()).isEmpty();
    }

    @Test
    void aNamedPipeInPlaceOfTheOwnFileDoesNotBlock() throws Exception {
        Files.delete(own);
        Process mkfifo = Processes.start(new ProcessBuilder("mkfifo", own.toString()));
        assumeTrue(mkfifo.waitFor() == 0, "no named pipe can be made here");
        FutureTask<List<Peer>> step = new FutureTask<>(gate::step);
        Thread thread = new Thread(step, "publisher");
        thread.setDaemon(true);
        thread.start();
        try {
            assertThat(step).succeedsWithin(Await.DEADLINE);
            assertThat(gate.problem()).contains(own.toString());
        } finally { // ends the wait of whoever opens one end
            FileChannel.open(own, StandardOpenOption.READ, StandardOpenOption.WRITE)
                    .close();
        }
    }

    @Test
    void anOwnFileThatSomebodyHasExtendedIsARecordAgain() throws IOException {
        TestPeer peer = new TestPeer(directory, clock);
        meet(gate, peer);
        Files.writeString(own, "and more\n", StandardOpenOption.APPEND);
        for (int i = 0; i < 5; i++) {
            gate.step();
            peer.step();
        }
        assertThat(peer.step()).hasSize(1);
        assertThat(peer.problem()).isEmpty();
    }
}
