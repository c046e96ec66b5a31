package io.github.cpugate.observe;

import static io.github.cpugate.observe.GateMetricsTest.run;
import static io.github.cpugate.observe.GateMetricsTest.values;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Wait;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests which gate the meters in a registry belong to, from when on they are there, and when they are removed. */
class MeterLifetimeTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(95));

    private AdaptiveCpuGate gate(String name, GateMetrics metrics) {
        return AdaptiveCpuGate.builder()
                .name(name)
                .manual()
                .maxSlots(8)
                .initialSlots(2)
                .sampler(cpu::get)
                .listener(metrics)
                .build();
    }

    @Test
    void aRegistryCanBeAddedAfterTheGateStarted() throws InterruptedException {
        CompositeMeterRegistry composite = new CompositeMeterRegistry();
        GateMetrics metrics = new GateMetrics(composite);
        try (AdaptiveCpuGate gate = gate("batch", metrics)) {
            run(gate);
            SimpleMeterRegistry added = new SimpleMeterRegistry();
            composite.add(added);
            metrics.bindTo(prometheus);
            metrics.bindTo(prometheus); // as a container does with a registry that is already bound

            run(gate);
            for (MeterRegistry registry : List.of(added, prometheus)) {
                assertThat(registry.get("cpugate.callers.admitted")
                                .functionCounter()
                                .count())
                        .as("since the gate was built")
                        .isEqualTo(4);
                assertThat(registry.get("cpugate.slot.wait")
                                .tag("outcome", "ADMITTED")
                                .timer()
                                .count())
                        .as("since the registry was added")
                        .isEqualTo(1);
            }
            gate.close();
            assertThat(added.getMeters()).isEmpty();
            assertThat(prometheus.getMeters()).isEmpty();
        }
    }

    @Test
    void twoGatesInOneRegistryHaveTheirOwnMeters() throws InterruptedException {
        AdaptiveCpuGate batch = gate("batch", new GateMetrics(prometheus));
        AdaptiveCpuGate chat = gate("chat", new GateMetrics(prometheus));
        run(batch);
        chat.step();
        assertThat(values(prometheus.scrape()))
                .contains(
                        "cpugate_callers_admitted_total{gate=\"batch\"} 2.0",
                        "cpugate_callers_admitted_total{gate=\"chat\"} 0.0");
        batch.close();
        assertThat(values(prometheus.scrape()))
                .isNotEmpty()
                .allMatch(line -> line.contains("gate=\"chat\""))
                .contains("cpugate_slots_max{gate=\"chat\"} 8.0");
        chat.close();
        assertThat(prometheus.getMeters()).isEmpty();
    }

    @Test
    void garbageCollectionKeepsTheMetersOfAGateInUse() {
        try (AdaptiveCpuGate gate = gate("batch", new GateMetrics(prometheus))) {
            gate.step();
            List<String> before = values(prometheus.scrape());
            for (int i = 0; i < 3; i++) {
                System.gc();
            }
            assertThat(values(prometheus.scrape())).isEqualTo(before).isNotEmpty();
            assertThat(gate.snapshot().closed()).isFalse();
        }
    }

    @Test
    void metersDoNotKeepTheirGateFromGarbageCollection() {
        var unused = AdaptiveCpuGate.builder()
                .period(Duration.ofMillis(5))
                .sampler(cpu::get)
                .listener(new GateMetrics(prometheus))
                .build();
        Await.until("the meters are registered", () -> !prometheus.getMeters().isEmpty());
        unused = null;
        Await.until("the meters are removed", () -> {
            System.gc();
            return prometheus.getMeters().isEmpty();
        });
    }

    @Test
    void noMeterReappearsAfterTheGateIsClosed() {
        GateMetrics metrics = new GateMetrics(prometheus);
        AdaptiveCpuGate gate = gate("batch", metrics);
        gate.step();
        Wait wait = metrics.onWait();
        gate.close();
        try (AdaptiveCpuGate next = gate("batch", new GateMetrics(prometheus))) {
            next.step();
            int meters = prometheus.getMeters().size();

            wait.ended(Wait.Outcome.CLOSED);
            gate.step();
            metrics.onClose();
            SimpleMeterRegistry late = new SimpleMeterRegistry();
            metrics.bindTo(late);
            assertThat(late.getMeters()).isEmpty();
            assertThat(prometheus.getMeters())
                    .as("the meters of the next gate of the same name")
                    .hasSize(meters);
        }
        assertThat(prometheus.getMeters()).isEmpty();
    }

    @Test
    void aRegistryThatThrowsDoesNotAffectTheGate() throws InterruptedException {
        prometheus.config().meterFilter(new MeterFilter() {
            @Override
            public MeterFilterReply accept(Meter.Id id) {
                if (id.getName().contains("cpu.own")) {
                    throw new IllegalStateException("refused");
                }
                return MeterFilterReply.NEUTRAL;
            }
        });
        try (AdaptiveCpuGate gate = gate("batch", new GateMetrics(prometheus))) {
            run(gate);
            assertThat(gate.snapshot().limit()).isEqualTo(1);
        }
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("refused");
        assertThat(prometheus.getMeters())
                .as("those registered before the fault are removed too")
                .isEmpty();
    }

    @Test
    void metricsOfOneGateRejectASecondGate() {
        GateMetrics metrics = new GateMetrics(prometheus);
        try (AdaptiveCpuGate batch = gate("batch", metrics);
                AdaptiveCpuGate chat = gate("chat", metrics)) {
            batch.step();
            chat.step();
            assertThat(log.messagesAt(Level.WARN))
                    .singleElement()
                    .asString()
                    .contains("these metrics belong to gate 'batch'; gate 'chat' needs its own");
        }
    }
}
