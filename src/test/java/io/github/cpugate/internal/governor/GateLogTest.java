package io.github.cpugate.internal.governor;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.testing.LogCapture;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class GateLogTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private static Map<String, Object> pairs(ILoggingEvent event) {
        return event.getKeyValuePairs().stream().collect(Collectors.toMap(pair -> pair.key, pair -> pair.value));
    }

    /** Returns the events of this gate only: a gate of an earlier test may still log its last step. */
    private List<ILoggingEvent> ofGate(Level level, String gate) {
        return log.at(level).stream()
                .filter(event -> gate.equals(pairs(event).get("gate")))
                .toList();
    }

    @Test
    void aChangeOfLimitIsLoggedAtInfoWithKeyValuePairs() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("batch")
                .initialSlots(3)
                .sampler(() -> CpuSample.of(93.46, 81.23))
                .build()) {
            gate.step();

            ILoggingEvent event = ofGate(Level.INFO, "batch").get(0);
            assertThat(event.getMessage()).isEqualTo("limit moved");
            assertThat(pairs(event))
                    .containsOnly(
                            Map.entry("gate", "batch"),
                            Map.entry("reason", Reason.OVER_TARGET),
                            Map.entry("limitBefore", 3),
                            Map.entry("limitAfter", 2),
                            Map.entry("raw", 93.5),
                            Map.entry("smoothed", 81.2),
                            Map.entry("target", 70.0),
                            Map.entry("inFlight", 0),
                            Map.entry("waiting", 0),
                            Map.entry("scope", "host"));
        }
    }

    @Test
    void ownAndOthersCpuAreLoggedIfTheyAreKnown() {
        CpuReading reading = new CpuReading(93.46, 51.27, 0, "cgroup /a (0.5 cores)", 0.5);
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("shared")
                .sampler(() -> CpuSample.of(reading, 81.23))
                .build()) {
            assertThat(gate.step().cpu().others()).isEqualTo(93.46 - 51.27);
            assertThat(gate.snapshot().cpu().scope()).isEqualTo("cgroup /a (0.5 cores)");

            assertThat(pairs(ofGate(Level.DEBUG, "shared").get(0)))
                    .containsEntry("own", 51.3)
                    .containsEntry("others", 42.2)
                    .containsEntry("scope", "cgroup /a (0.5 cores)");
        }
    }

    @Test
    void aStepWithoutChangeIsLoggedAtDebug() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("quiet")
                .sampler(() -> CpuSample.of(60))
                .build()) {
            gate.step();

            assertThat(ofGate(Level.INFO, "quiet")).isEmpty();
            assertThat(ofGate(Level.DEBUG, "quiet"))
                    .singleElement()
                    .extracting(ILoggingEvent::getMessage)
                    .isEqualTo("limit held");
        }
    }
}
