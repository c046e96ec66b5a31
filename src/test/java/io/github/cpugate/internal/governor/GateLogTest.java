package io.github.cpugate.internal.governor;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

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
            assertThat(event.getFormattedMessage())
                    .isEqualTo("gate 'batch': limit 3 → 2: OVER_TARGET, CPU 93 % (smoothed 81 %), target 70 %,"
                            + " 0 in flight, 0 waiting");
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
    void ownAndOthersCpuAndThrottlingAreLoggedIfTheyAreKnown() {
        CpuReading reading = new CpuReading(93.46, 51.27, 0, "cgroup /a (0.5 cores)", 0.5, 28.456);
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
                    .containsEntry("throttled", 28.5)
                    .containsEntry("scope", "cgroup /a (0.5 cores)");
        }
    }

    @Test
    void aStepWithoutChangeIsLoggedAtDebug() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("quiet")
                .targetCpu(67.5)
                .sampler(() -> CpuSample.of(60))
                .build()) {
            gate.step();

            assertThat(ofGate(Level.INFO, "quiet")).isEmpty();
            assertThat(ofGate(Level.DEBUG, "quiet"))
                    .singleElement()
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .isEqualTo("gate 'quiet': limit 1 held: IN_BAND, CPU 60 % (smoothed 60 %), target 67.5 %,"
                            + " 0 in flight, 0 waiting");
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, 300})
    void aStepWithoutAReadingIsLoggedAsSuch(double reading) {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("blind")
                .sampler(() -> CpuSample.of(reading))
                .build()) {
            gate.step();

            assertThat(ofGate(Level.DEBUG, "blind"))
                    .singleElement()
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .isEqualTo("gate 'blind': limit 1 held: NO_READING, no CPU reading, target 70 %,"
                            + " 0 in flight, 0 waiting");
        }
    }

    @Test
    void refusalsAndTheApiCeilingAreLoggedIfThereAreAny() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("refused")
                .initialSlots(4)
                .sampler(() -> CpuSample.of(60))
                .build()) {
            gate.step();
            log.clear();
            List<Slot> held = List.of(gate.slot(), gate.slot(), gate.slot());
            held.get(0).rateLimited();
            held.get(1).rateLimited();
            int ceiling = gate.step().apiCeiling();
            gate.step();
            held.forEach(Slot::close);

            assertThat(ofGate(Level.INFO, "refused"))
                    .singleElement()
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .isEqualTo("gate 'refused': limit 4 → " + ceiling + ": RATE_LIMITED, CPU 60 % (smoothed 60 %),"
                            + " target 70 %, 3 in flight, 0 waiting, 2 refused by the service, API ceiling " + ceiling);
            assertThat(ofGate(Level.DEBUG, "refused"))
                    .singleElement()
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .asString()
                    .endsWith(" 0 waiting, API ceiling " + ceiling);
        }
    }

    private static AdaptiveCpuGate.Builder failing(String name, String message) {
        return AdaptiveCpuGate.builder().name(name).sampler(() -> {
            throw new IllegalStateException(message);
        });
    }

    @Test
    void noTextFromOutsideForgesALine() throws InterruptedException {
        String forged = "x\n[main] ERROR app \u2028\u202e";
        try (AdaptiveCpuGate gate = failing(forged, forged).manual().build()) {
            gate.step();
            Slot slot = gate.slot();
            slot.rateLimitedFor("9\r\nERROR \u202e");
            slot.close();
            gate.step();
        }

        assertThat(log.events()).hasSizeGreaterThanOrEqualTo(4).allSatisfy(event -> {
            assertThat(lines(event)).noneMatch(line -> line.startsWith("[main] ERROR"));
            assertThat(lines(event)).noneMatch(line -> line.matches(".*[\\p{Cntrl}\u2028\u202e&&[^\t]].*"));
        });
        assertThat(log.messagesAt(Level.WARN))
                .anyMatch(line -> line.contains("gate 'x\\n[main] ERROR app \\u2028\\u202e' fails"))
                .anyMatch(line -> line.contains("the Retry-After '9\\r\\nERROR \\u202e'"));
    }

    /** The lines of an event, as a usual pattern writes it. */
    private static List<String> lines(ILoggingEvent event) {
        PatternLayout layout = new PatternLayout();
        layout.setContext((LoggerContext) LoggerFactory.getILoggerFactory());
        layout.setPattern("%level [%thread] %msg %kvp%n%ex");
        layout.start();
        return List.of(layout.doLayout(event).split("\n"));
    }

    @Test
    void theThreadsOfAGateHavePrintableNames() {
        try (AdaptiveCpuGate gate = failing("a\nb", "c").listener(step -> {}).build()) {
            Await.until("the fault is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
            assertThat(Thread.getAllStackTraces().keySet())
                    .extracting(Thread::getName)
                    .contains("cpugate-governor-a\\nb", "cpugate-log-a\\nb", "cpugate-dispatcher-a\\nb")
                    .noneMatch(name -> name.contains("\n"));
            assertThat(gate.snapshot().gate()).isEqualTo("a\nb");
        }
    }

    @Test
    void maxSlotsThatIsTooLowIsLogged() throws InterruptedException {
        AtomicLong nanos = new AtomicLong();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .name("low")
                .maxSlots(2)
                .initialSlots(2)
                .sampler(() -> CpuSample.of(23))
                .nanoClock(nanos::get)
                .build()) {
            List<Slot> held = List.of(gate.slot(), gate.slot());
            var waiting = gate.slotAsync();
            for (int i = 0; i < 40; i++) {
                gate.step();
                nanos.addAndGet(2_000_000_000L);
            }
            held.forEach(Slot::close);
            waiting.join().close();

            assertThat(log.messagesAt(Level.INFO))
                    .containsExactly("gate 'low': limit has been at maxSlots = 2 for 60 s with CPU at 23 %,"
                            + " target 70 %: raise maxSlots");
        }
    }
}
