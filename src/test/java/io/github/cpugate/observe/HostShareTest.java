package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.HostShare;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.JMX;
import javax.management.ObjectName;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that each observer shows the share of a gate that shares the host. */
class HostShareTest {

    @TempDir
    Path folder;

    private AdaptiveCpuGate.Builder sharing(String name) {
        CpuReading reading = new CpuReading(60, 60, 0, CpuReading.HOST, 2);
        return AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .sampler(() -> CpuSample.of(reading, 60))
                .shareHost(folder.resolve("shared"));
    }

    @Test
    void everyObserverShowsIt() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        Path journal = folder.resolve("gate.jsonl");
        Path recorded = folder.resolve("gate.jfr");
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = sharing("shown")
                        .listener(Journal.jsonLines(journal))
                        .listener(new GateMetrics(registry))
                        .listener(JfrEvents.create())
                        .build();
                AdaptiveCpuGate other = sharing("other").initialSlots(2).build();
                Jmx jmx = Jmx.register(gate)) {
            recording.start();
            Slot held = other.slot();
            Slot alsoHeld = other.slot();
            var waiting = other.slotAsync(); // so the other gate wants more
            for (int i = 0; i < 4; i++) {
                other.step();
                gate.step();
            }

            assertThat(gate.snapshot().hostShare()).isEqualTo(new HostShare(1, 50, 0));
            assertThat(registry.get("cpugate.peers").gauge().value()).isEqualTo(1);
            assertThat(registry.get("cpugate.cpu.share").gauge().value()).isEqualTo(0.5);
            assertThat(registry.get("cpugate.cpu.peers").gauge().value()).isZero();
            assertThat(jmx).asString().contains("shown");
            GateMXBean bean = JMX.newMXBeanProxy(
                    ManagementFactory.getPlatformMBeanServer(), new ObjectName(jmx.toString()), GateMXBean.class);
            assertThat(bean.getPeers()).isEqualTo(1);
            assertThat(bean.getShare()).isEqualTo(50);
            assertThat(bean.getPeersCpu()).isZero();
            recording.dump(recorded);
            waiting.cancel(false);
            held.close();
            alsoHeld.close();
        }
        assertThat(Files.readString(journal)).contains("\"peers\":1,\"share\":50.0,\"peersCpu\":0.0}");
        assertThat(RecordingFile.readAllEvents(recorded))
                .filteredOn(event -> event.getEventType().getName().endsWith("GateState"))
                .last()
                .returns(1, (RecordedEvent state) -> state.getInt("peers"))
                .returns(0.5f, state -> state.getFloat("share"))
                .returns(0f, state -> state.getFloat("peersCpu"));
    }
}
