package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.management.ObjectName;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that each observer shows how often a CPU quota was used up, and that the limit does not depend on it. */
class ThrottledShareTest {

    @TempDir
    Path folder;

    @Test
    void everyObserverShowsIt() throws Exception {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        Path journal = folder.resolve("gate.jsonl");
        Path recorded = folder.resolve("gate.jfr");
        CpuReading reading = new CpuReading(60, 50, 0, "cgroup / (0.5 cores)", 0.5, 28.456);
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                        .name("throttled")
                        .manual()
                        .sampler(() -> CpuSample.of(reading, 60))
                        .listener(Journal.jsonLines(journal))
                        .listener(new GateMetrics(registry))
                        .listener(JfrEvents.create())
                        .build();
                Jmx jmx = Jmx.register(gate)) {
            recording.start();
            assertThat(gate.step())
                    .as("it does not steer")
                    .returns(Reason.IN_BAND, step -> step.reason())
                    .returns(28.456, step -> step.cpu().throttled());

            assertThat(registry.get("cpugate.cpu.throttled").gauge().value()).isEqualTo(0.28456, within(1e-9));
            assertThat(ManagementFactory.getPlatformMBeanServer()
                            .getAttribute(new ObjectName(jmx.toString()), "ThrottledCpu"))
                    .isEqualTo(28.456);
            recording.dump(recorded);
        }
        assertThat(Files.readString(journal)).contains("\"throttled\":28.46");
        assertThat(RecordingFile.readAllEvents(recorded))
                .filteredOn(event -> event.getEventType().getName().endsWith("GateState"))
                .singleElement()
                .satisfies(state -> assertThat(state.getFloat("throttled")).isEqualTo(0.28456f, within(1e-6f)));
    }
}
