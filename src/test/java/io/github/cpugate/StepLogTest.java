package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.github.cpugate.cpu.CpuSample;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class StepLogTest {

    private static Map<String, Object> pairs(ILoggingEvent event) {
        return event.getKeyValuePairs().stream().collect(Collectors.toMap(pair -> pair.key, pair -> pair.value));
    }

    @Test
    void aChangeOfLimitIsLoggedAtInfoWithKeyValuePairs() {
        try (LogCapture log = new LogCapture();
                AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                        .manual()
                        .name("batch")
                        .initialSlots(3)
                        .sampler(() -> CpuSample.of(93.46, 81.23))
                        .build()) {
            gate.adjust();

            ILoggingEvent event = log.at(Level.INFO).get(0);
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
                            Map.entry("waiting", 0));
        }
    }

    @Test
    void aStepWithoutChangeIsLoggedAtDebug() {
        try (LogCapture log = new LogCapture();
                AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                        .manual()
                        .sampler(() -> CpuSample.of(60))
                        .build()) {
            gate.adjust();

            assertThat(log.at(Level.INFO)).isEmpty();
            assertThat(log.messagesAt(Level.DEBUG)).containsExactly("limit held");
        }
    }
}
