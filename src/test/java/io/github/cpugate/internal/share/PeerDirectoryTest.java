package io.github.cpugate.internal.share;

import static io.github.cpugate.internal.share.TestPeer.STATE;
import static io.github.cpugate.internal.share.TestPeer.gateFiles;
import static io.github.cpugate.internal.share.TestPeer.meet;
import static io.github.cpugate.internal.share.TestPeer.record;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.internal.share.Peers.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests gates that share a directory which nobody else touches. */
class PeerDirectoryTest {

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L); // it overflows
    private Path directory;

    @BeforeEach
    void nameTheDirectory() {
        directory = folder.resolve("run/cpugate");
    }

    private TestPeer gate() {
        return new TestPeer(directory, clock);
    }

    @Test
    void gatesSeeEachOtherOnceTheirFilesHaveChanged() {
        TestPeer a = gate();
        TestPeer b = gate();
        assertThat(a.step()).isEmpty();
        assertThat(b.step()).as("it may be left over").isEmpty();
        assertThat(b.step()).isEmpty();
        assertThat(a.step())
                .as("b has published twice since, and a has not looked")
                .isEmpty();
        assertThat(b.step()).containsExactly(new Peer(STATE, true, true));
        assertThat(a.step()).containsExactly(new Peer(STATE, true, true));
        assertThat(a.problem() + b.problem()).isEmpty();
    }

    @Test
    void fiveGatesSeeEachOther() {
        List<TestPeer> gates = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            gates.add(gate());
        }
        meet(gates.toArray(new TestPeer[0]));
        assertThat(gates).allSatisfy(each -> assertThat(each.step()).hasSize(4));
    }

    @Test
    void aGateThatComesToManyOthersSeesThemAndIsSeen() {
        List<TestPeer> gates = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            gates.add(gate());
        }
        TestPeer[] all = gates.toArray(new TestPeer[0]);
        meet(all);
        TestPeer last = gate();
        for (int i = 0; i < 5; i++) {
            last.step();
            meet(all);
        }
        assertThat(last.step().size()).isEqualTo(70);
        assertThat(gates.get(0).step().size()).isEqualTo(70);
    }

    @Test
    void whatAPeerTellsIsItsLastStep() {
        TestPeer a = gate();
        TestPeer b = gate();
        meet(a, b);
        GateState unknown = new GateState(60, Double.NaN, Double.NaN, 0, 0, 2.5, 3, false, true);
        b.peers.publish(unknown, TestPeer.SCOPE);
        assertThat(a.step()).containsExactly(new Peer(unknown, true, true));
    }

    @Test
    void aGateOfAnotherJvmIsToldApart() throws IOException {
        TestPeer a = gate();
        a.step();
        for (int i = 0; i < 2; i++) {
            Files.write(directory.resolve("other.gate"), record(i));
            a.step();
        }
        assertThat(a.step()).containsExactly(new Peer(STATE, false, true));
    }

    @Test
    void aGateOfAnotherScopeIsToldApart() {
        TestPeer a = gate();
        TestPeer b = gate();
        meet(a, b);
        assertThat(a.peers.others("processors 0-3 of 64")).containsExactly(new Peer(STATE, true, false));
        a.peers.publish(STATE, "processors 0-3 of 64");
        assertThat(b.step()).containsExactly(new Peer(STATE, true, false));
        a.step();
        assertThat(b.step()).containsExactly(new Peer(STATE, true, true));
    }

    @Test
    void ownCpuIsAScopeOfOneJvm() {
        String ownCpu = "own CPU (1.0 cores)";
        assertThat(Place.of(ownCpu, "one")).isNotEqualTo(Place.of(ownCpu, "another"));
        assertThat(Place.of(TestPeer.SCOPE, "one")).isEqualTo(Place.of(TestPeer.SCOPE, "another"));
    }

    @Test
    void theDirectoryIsMadeForItsOwnerOnly() throws IOException {
        gate().step();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
    }

    @Test
    void aDirectoryThatExistsKeepsItsPermissions() throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxr-x"));
        gate().step();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwxrwxr-x");
    }

    @Test
    void aDirectoryThatIsRemovedIsMadeAgain() throws IOException {
        TestPeer a = gate();
        TestPeer b = gate();
        meet(a, b);
        for (Path each : gateFiles(directory)) {
            Files.delete(each);
        }
        Files.delete(directory);
        a.step();
        assertThat(a.problem()).isEmpty();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
        meet(a, b);
        assertThat(a.step()).hasSize(1);
    }

    @Test
    void anInterruptedThreadReportsNoFaultAndStaysInterrupted() {
        TestPeer a = gate();
        TestPeer b = gate();
        meet(a, b);
        Thread.currentThread().interrupt();
        a.step();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(a.problem()).isEmpty();
        b.step();
        assertThat(a.step()).hasSize(1);
    }
}
