package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.testing.LogCapture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests gates that share a host by way of a directory. */
class SharedHostTest {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    @TempDir
    Path folder;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AtomicLong clock = new AtomicLong();
    private Path directory;

    @BeforeEach
    void nameTheDirectory() {
        directory = folder.resolve("cpugate");
    }

    private AdaptiveCpuGate.Builder sharing(String name) {
        return AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .period(PERIOD)
                .nanoClock(clock::get)
                .initialSlots(4)
                .sampler(() -> CpuSample.of(new CpuReading(60, 20, 0, "host", 4), 60))
                .shareHost(directory);
    }

    private void steps(int count, AdaptiveCpuGate... gates) {
        for (int i = 0; i < count; i++) {
            clock.addAndGet(PERIOD.toNanos());
            for (AdaptiveCpuGate each : gates) {
                each.step();
            }
        }
    }

    @Test
    void gatesOfOneDirectorySeeEachOther() {
        try (AdaptiveCpuGate a = sharing("a").build();
                AdaptiveCpuGate b = sharing("b").build()) {
            assertThat(a.step().hostShare()).isEqualTo(HostShare.ALONE);
            steps(3, a, b);
            assertThat(a.step().hostShare()).isEqualTo(new HostShare(1, 100, 0));
            assertThat(b.step().hostShare().peers()).isEqualTo(1);
            assertThat(b.snapshot().hostShare().peers()).isEqualTo(1);
            assertThat(log.at(Level.WARN)).isEmpty();
        }
    }

    @Test
    void theLogTellsWhenAGateFindsOthersAndLosesThem() {
        try (AdaptiveCpuGate a = sharing("a").build()) {
            try (AdaptiveCpuGate b = sharing("b").build()) {
                steps(4, a, b);
            }
            steps(4, a);
        }
        assertThat(log.messagesAt(Level.INFO))
                .filteredOn(message -> message.startsWith("gate 'a': shares"))
                .containsExactly(
                        "gate 'a': shares the host with 1 other gate", "gate 'a': shares the host with 0 other gates");
    }

    @Test
    void gatesThatWantCpuHaveHalfOfTheTargetEach() throws InterruptedException {
        try (AdaptiveCpuGate a = sharing("a").initialSlots(1).build();
                AdaptiveCpuGate b = sharing("b").initialSlots(1).build();
                Slot one = a.slot();
                Slot two = b.slot()) {
            for (int i = 0; i < 4; i++) {
                assertThat(a.trySlot()).isEmpty();
                assertThat(b.trySlot()).isEmpty();
                steps(1, a, b);
            }
            assertThat(a.snapshot().hostShare()).isEqualTo(new HostShare(1, 50, 0));
            assertThat(b.snapshot().hostShare()).isEqualTo(new HostShare(1, 50, 0));
            assertThat(one).isNotSameAs(two);
        }
    }

    @Test
    void gatesOfOtherDirectoriesOrTargetsDoNotSeeEachOther() {
        try (AdaptiveCpuGate a = sharing("a").build();
                AdaptiveCpuGate elsewhere =
                        sharing("b").shareHost(folder.resolve("other")).build();
                AdaptiveCpuGate lower = sharing("c").targetCpu(50).build();
                AdaptiveCpuGate unshared = AdaptiveCpuGate.builder()
                        .manual()
                        .sampler(() -> CpuSample.of(60))
                        .build()) {
            steps(4, a, elsewhere, lower, unshared);
            assertThat(a.snapshot().hostShare()).isEqualTo(HostShare.ALONE);
            assertThat(elsewhere.snapshot().hostShare()).isEqualTo(HostShare.ALONE);
            assertThat(lower.snapshot().hostShare()).isEqualTo(HostShare.ALONE);
            assertThat(unshared.snapshot().hostShare()).isEqualTo(HostShare.ALONE);

            lower.setTargetCpu(70);
            steps(1, lower, a);
            assertThat(a.snapshot().hostShare().peers()).isEqualTo(1);
        }
    }

    @Test
    void aGateThatMakesNoMoreStepsIsNoPeer() {
        try (AdaptiveCpuGate a = sharing("a").build();
                AdaptiveCpuGate b = sharing("b").build()) {
            steps(4, b, a);
            steps(3, a);
            assertThat(a.snapshot().hostShare().peers()).isEqualTo(1);
            steps(1, a);
            assertThat(a.snapshot().hostShare().peers()).isZero();
        }
    }

    @Test
    void aClosedGateHasNoFile() {
        AdaptiveCpuGate a = sharing("a").build();
        try (AdaptiveCpuGate b = sharing("b").build()) {
            steps(4, a, b);
            a.close();
            assertThat(directory.toFile().list()).hasSize(1);
            steps(1, b);
            assertThat(b.snapshot().hostShare()).isEqualTo(HostShare.ALONE);
        }
        assertThat(directory).isEmptyDirectory();
        a.step();
        a.close();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aStepWithoutAReadingHidesNoPeer() {
        AtomicLong percent = new AtomicLong(60);
        try (AdaptiveCpuGate a = sharing("a")
                        .sampler(() -> CpuSample.of(percent.get() < 0 ? Double.NaN : percent.get()))
                        .build();
                AdaptiveCpuGate b = sharing("b").build()) {
            steps(4, a, b);
            percent.set(-1);
            steps(2, b, a);
            assertThat(a.snapshot().hostShare().peers()).isEqualTo(1);
            assertThat(b.snapshot().hostShare().peers()).isEqualTo(1);
        }
    }

    private void assertWorksAndWarnsOnce(AdaptiveCpuGate gate, Path culprit) {
        for (int i = 0; i < 50; i++) {
            StepReport step = gate.step();
            assertThat(step.reason()).isEqualTo(Reason.IN_BAND);
            assertThat(step.hostShare()).isEqualTo(HostShare.ALONE);
        }
        assertThat(gate.trySlot()).isPresent();
        assertThat(log.messagesAt(Level.WARN))
                .singleElement()
                .asString()
                .startsWith("the shared directory " + directory + " of gate 'a' fails: ")
                .contains(culprit.toString());
        assertThat(log.at(Level.ERROR)).isEmpty();
    }

    @Test
    void aFileInPlaceOfTheDirectoryReachesNoCaller() throws IOException {
        Files.writeString(directory, "in the way");
        try (AdaptiveCpuGate gate = sharing("a").build()) {
            assertWorksAndWarnsOnce(gate, directory);
            Files.delete(directory);
            steps(10, gate);
            assertThat(log.messagesAt(Level.INFO))
                    .contains("the shared directory " + directory + " of gate 'a' works again");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void garbageInTheDirectoryReachesNoCaller() throws IOException {
        Files.createDirectory(directory);
        Path garbage = Files.writeString(directory.resolve("x.gate"), "garbage");
        Files.createDirectory(directory.resolve("x.gate.d"));
        try (AdaptiveCpuGate gate = sharing("a").build()) {
            assertWorksAndWarnsOnce(gate, garbage);
            Files.delete(garbage);
            steps(10, gate);
            assertThat(log.messagesAt(Level.INFO))
                    .contains("the shared directory " + directory + " of gate 'a' works again");
        }
    }

    @Test
    void aDirectoryThatVanishesReachesNobody() throws IOException {
        AdaptiveCpuGate gate = sharing("a").build();
        steps(2, gate);
        for (int i = 0; i < 2; i++) {
            try (var files = Files.list(directory)) {
                Files.delete(files.findFirst().orElseThrow());
            }
            Files.delete(directory);
            if (i == 0) {
                steps(2, gate);
                assertThat(directory).isNotEmptyDirectory();
            }
        }
        gate.close();
        assertThat(directory).doesNotExist();
        assertThat(log.at(Level.WARN)).isEmpty();
    }

    @Test
    void aDirectoryMustBeGiven() {
        assertThatNullPointerException()
                .isThrownBy(() -> AdaptiveCpuGate.builder().shareHost(null))
                .withMessage("directory");
    }
}
