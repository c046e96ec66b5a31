package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.qos.logback.classic.Level;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.LogCapture;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.pause.PauseDetector;
import io.micrometer.core.instrument.noop.NoopTimer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A gate with two registries, the first of which throws. */
class FaultyRegistryTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final MeterRegistry faulty = new SimpleMeterRegistry();
    private final MeterRegistry sound = new SimpleMeterRegistry();

    private static AdaptiveCpuGate gate(GateMetrics metrics) {
        return AdaptiveCpuGate.builder()
                .name("batch")
                .manual()
                .initialSlots(1)
                .maxSlots(1)
                .sampler(() -> CpuSample.of(50))
                .listener(metrics)
                .build();
    }

    /** Makes the faulty registry throw for meters of this name. */
    private void fail(String name) {
        faulty.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                if (id.getName().equals(name)) {
                    throw new IllegalStateException("no " + name);
                }
                return id;
            }
        });
    }

    private static int metersOfASoundRegistry() {
        SimpleMeterRegistry alone = new SimpleMeterRegistry();
        try (AdaptiveCpuGate gate = gate(new GateMetrics(alone))) {
            gate.step();
            return alone.getMeters().size();
        }
    }

    @Test
    void aRegistryThatThrowsLeavesTheOthersAllTheirMeters() {
        fail("cpugate.slots.max");
        try (AdaptiveCpuGate gate = gate(new GateMetrics(faulty, sound))) {
            gate.step();
            gate.step();
            int all = metersOfASoundRegistry();
            assertThat(sound.getMeters()).hasSize(all);
            assertThat(faulty.getMeters()).as("only one is missing").hasSize(all - 1);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("no cpugate.slots.max");
        }
        assertThat(faulty.getMeters()).isEmpty();
        assertThat(sound.getMeters()).isEmpty();
    }

    @Test
    void aRegistryThatThrowsAtAStepLeavesTheOthersTheirCounts() {
        fail("cpugate.steps");
        try (AdaptiveCpuGate gate = gate(new GateMetrics(faulty, sound))) {
            gate.step();
            gate.step();
            assertThat(sound.get("cpugate.steps").counters().stream()
                            .mapToDouble(Counter::count)
                            .sum())
                    .isEqualTo(2);
        }
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("no cpugate.steps");
    }

    /** A registry whose timers throw when they record. */
    private static final class FaultyTimers extends SimpleMeterRegistry {
        @Override
        protected Timer newTimer(Meter.Id id, DistributionStatisticConfig config, PauseDetector pauses) {
            return new NoopTimer(id) {
                @Override
                public void record(long amount, TimeUnit unit) {
                    throw new IllegalStateException("not recorded");
                }
            };
        }
    }

    @Test
    void aRegistryThatThrowsAfterAWaitLeavesTheOthersTheirWaits() throws InterruptedException {
        try (AdaptiveCpuGate gate = gate(new GateMetrics(new FaultyTimers(), sound))) {
            gate.step();
            try (Slot held = gate.slot()) {
                assertThat(held).isNotNull();
                assertThat(gate.trySlot(Duration.ofNanos(1000))).isEmpty();
            }
            assertThat(sound.get("cpugate.slot.wait")
                            .tag("outcome", "TIMED_OUT")
                            .timer()
                            .count())
                    .isEqualTo(1);
        }
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("not recorded");
    }

    @Test
    void aRegistryThatThrowsAtTheEndLeavesNoMetersInTheOthers() {
        faulty.config().onMeterRemoved(meter -> {
            throw new IllegalStateException("not removed");
        });
        AdaptiveCpuGate gate = gate(new GateMetrics(faulty, sound));
        gate.step();
        gate.close();
        assertThat(sound.getMeters()).isEmpty();
        assertThat(faulty.getMeters()).isEmpty();
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("not removed");
    }

    @Test
    void aRegistryThatIsAddedLaterThrowsToTheCallerThatAddsIt() {
        fail("cpugate.slots.max");
        GateMetrics metrics = new GateMetrics(sound);
        try (AdaptiveCpuGate gate = gate(metrics)) {
            gate.step();
            assertThatIllegalStateException()
                    .isThrownBy(() -> metrics.bindTo(faulty))
                    .withMessage("no cpugate.slots.max");
            gate.step();
            assertThat(faulty.get("cpugate.slots.limit").gauge().value()).isEqualTo(1);
        }
        assertThat(faulty.getMeters()).isEmpty();
    }
}
