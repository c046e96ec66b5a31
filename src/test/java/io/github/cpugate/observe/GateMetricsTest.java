package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Tests what a scrape says of a gate. */
class GateMetricsTest {

    private final PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicReference<CpuSample> cpu = new AtomicReference<>(sample(95, 30));

    private static CpuSample sample(double percent, double own) {
        return new CpuSample(percent, percent, own, "host", 2, CpuSample.Health.OK, "");
    }

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

    /** Returns the scrape's lines of values, without its comments. */
    static List<String> values(String scrape) {
        return scrape.lines().filter(line -> line.startsWith("cpugate_")).toList();
    }

    private static Set<String> names(MeterRegistry registry) {
        return registry.getMeters().stream()
                .map(meter -> meter.getId().getName())
                .collect(Collectors.toSet());
    }

    /** Lowers the limit, and admits two callers, one after a wait. One more caller times out, and one cancels. */
    static void run(AdaptiveCpuGate gate) throws InterruptedException {
        gate.step();
        try (Slot held = gate.slot()) {
            CompletableFuture<Slot> next = gate.slotAsync();
            assertThat(gate.trySlot(Duration.ofMillis(20))).isEmpty();
            assertThat(gate.slotAsync().cancel(false)).isTrue();
            held.close();
            next.join().close();
        }
        gate.step();
    }

    @Test
    void aScrapeHasTheStateAndTheCountsOfTheGate() throws InterruptedException {
        try (AdaptiveCpuGate gate = gate("batch", new GateMetrics(prometheus))) {
            assertThat(prometheus.scrape()).as("before the first step").isEmpty();
            run(gate);
            String scrape = prometheus.scrape();

            assertThat(scrape.lines())
                    .contains(
                            "# HELP cpugate_slots_limit Slots allowed at once",
                            "# TYPE cpugate_slots_limit gauge",
                            "# TYPE cpugate_cpu_raw_ratio gauge",
                            "# TYPE cpugate_callers_admitted_total counter",
                            "# TYPE cpugate_slot_wait_seconds summary",
                            "# TYPE cpugate_slot_wait_seconds_max gauge",
                            "# TYPE cpugate_steps_total counter");
            assertThat(scrape.lines().filter(line -> line.startsWith("# HELP")))
                    .as("each has a description")
                    .allMatch(line -> line.split(" ", 4)[3].length() > 10);
            assertThat(values(scrape))
                    .contains(
                            "cpugate_slots_limit{gate=\"batch\"} 1.0",
                            "cpugate_slots_min{gate=\"batch\"} 1.0",
                            "cpugate_slots_max{gate=\"batch\"} 8.0",
                            "cpugate_slots_in_flight{gate=\"batch\"} 0.0",
                            "cpugate_callers_waiting{gate=\"batch\"} 0.0",
                            "cpugate_callers_admitted_total{gate=\"batch\"} 2.0",
                            "cpugate_callers_timed_out_total{gate=\"batch\"} 1.0",
                            "cpugate_cpu_raw_ratio{gate=\"batch\"} 0.95",
                            "cpugate_cpu_smoothed_ratio{gate=\"batch\"} 0.95",
                            "cpugate_cpu_own_ratio{gate=\"batch\"} 0.3",
                            "cpugate_cpu_others_ratio{gate=\"batch\"} 0.65",
                            "cpugate_cpu_target_ratio{gate=\"batch\"} 0.7",
                            "cpugate_slot_wait_seconds_count{gate=\"batch\",outcome=\"ADMITTED\"} 1",
                            "cpugate_slot_wait_seconds_count{gate=\"batch\",outcome=\"TIMED_OUT\"} 1",
                            "cpugate_slot_wait_seconds_count{gate=\"batch\",outcome=\"CANCELLED\"} 1",
                            "cpugate_slot_wait_seconds_count{gate=\"batch\",outcome=\"INTERRUPTED\"} 0",
                            "cpugate_steps_total{gate=\"batch\",move=\"down\",reason=\"OVER_TARGET\"} 1.0",
                            "cpugate_steps_total{gate=\"batch\",move=\"none\",reason=\"AT_FLOOR\"} 1.0",
                            "cpugate_steps_total{gate=\"batch\",move=\"up\",reason=\"HEADROOM\"} 0.0");
            assertThat(prometheus
                            .get("cpugate.slot.wait")
                            .tag("outcome", "ADMITTED") // during whose wait the one that timed out waited for 20 ms
                            .timer()
                            .totalTime(TimeUnit.MILLISECONDS))
                    .isBetween(20.0, 20_000.0);
        }
    }

    @Test
    void aScrapeHasTheSecondsThatEachBottleneckHeldCallersBack() throws InterruptedException {
        try (HeldBackGate gate = new HeldBackGate(new GateMetrics(prometheus))) {
            assertThat(values(prometheus.scrape()))
                    .as("registered at zero, so that Prometheus sees the first rise")
                    .contains(
                            "cpugate_held_back_seconds_total{bottleneck=\"API\",gate=\"held-back\"} 0.0",
                            "cpugate_callers_rate_limited_total{gate=\"held-back\"} 0.0",
                            "cpugate_steps_total{gate=\"held-back\",move=\"down\",reason=\"RATE_LIMITED\"} 0.0");
            gate.run();
            assertThat(values(prometheus.scrape()))
                    .contains(
                            "cpugate_slots_limit{gate=\"held-back\"} 2.0",
                            "cpugate_slots_cpu_limit{gate=\"held-back\"} 3.0",
                            "cpugate_slots_api_ceiling{gate=\"held-back\"} 2.0",
                            "cpugate_callers_rate_limited_total{gate=\"held-back\"} 2.0",
                            "cpugate_held_back_seconds_total{bottleneck=\"CPU\",gate=\"held-back\"} 1.0",
                            "cpugate_held_back_seconds_total{bottleneck=\"API\",gate=\"held-back\"} 62.5",
                            "cpugate_held_back_seconds_total{bottleneck=\"MAX_SLOTS\",gate=\"held-back\"} 3.0",
                            "cpugate_steps_total{gate=\"held-back\",move=\"up\",reason=\"RATE_LIMITED\"} 1.0",
                            "cpugate_steps_total{gate=\"held-back\",move=\"down\",reason=\"RATE_LIMITED\"} 1.0");
        }
    }

    @Test
    void aScrapeHasPausedSessionsResumptionsAndRejections() throws InterruptedException {
        try (PausedGate paused = new PausedGate(new GateMetrics(prometheus))) {
            paused.run();
            assertThat(values(prometheus.scrape()))
                    .contains(
                            "cpugate_sessions_paused{gate=\"paused\"} 3.0",
                            "cpugate_sessions_backing_off{gate=\"paused\"} 1.0",
                            "cpugate_callers_admitted_total{gate=\"paused\"} 4.0",
                            "cpugate_sessions_resumed_total{gate=\"paused\"} 2.0",
                            "cpugate_callers_rejected_total{gate=\"paused\"} 1.0");
        }
    }

    @Test
    void aScrapeBetweenStepsHasCurrentValues() throws InterruptedException {
        try (AdaptiveCpuGate gate = gate("batch", new GateMetrics(prometheus))) {
            gate.step();
            try (Slot held = gate.slot()) {
                CompletableFuture<Slot> next = gate.slotAsync();
                assertThat(values(prometheus.scrape()))
                        .contains(
                                "cpugate_slots_in_flight{gate=\"batch\"} 1.0",
                                "cpugate_callers_waiting{gate=\"batch\"} 1.0",
                                "cpugate_callers_admitted_total{gate=\"batch\"} 1.0");
                gate.setSlots(2, 6);
                gate.setTargetCpu(50);
                next.join().close();
                assertThat(held).isNotNull();
            }
            assertThat(values(prometheus.scrape()))
                    .contains(
                            "cpugate_slots_limit{gate=\"batch\"} 2.0",
                            "cpugate_slots_max{gate=\"batch\"} 6.0",
                            "cpugate_slots_in_flight{gate=\"batch\"} 0.0",
                            "cpugate_callers_admitted_total{gate=\"batch\"} 2.0",
                            "cpugate_cpu_target_ratio{gate=\"batch\"} 0.5");
        }
    }

    @Test
    void anUnknownCpuValueIsNaN() {
        cpu.set(CpuSample.of(Double.NaN, 60));
        try (AdaptiveCpuGate gate = gate("batch", new GateMetrics(prometheus))) {
            gate.step();
            assertThat(values(prometheus.scrape()))
                    .contains(
                            "cpugate_cpu_raw_ratio{gate=\"batch\"} NaN",
                            "cpugate_cpu_smoothed_ratio{gate=\"batch\"} 0.6",
                            "cpugate_cpu_own_ratio{gate=\"batch\"} NaN",
                            "cpugate_cpu_others_ratio{gate=\"batch\"} NaN",
                            "cpugate_steps_total{gate=\"batch\",move=\"none\",reason=\"NO_READING\"} 1.0");
        }
    }

    @Test
    void aScrapeOverHttpAppliesCommonTagsAndFilters() throws Exception {
        SimpleMeterRegistry other = new SimpleMeterRegistry();
        CompositeMeterRegistry composite = new CompositeMeterRegistry();
        composite.config().commonTags("application", "answers");
        composite.config().meterFilter(MeterFilter.denyNameStartsWith("cpugate.cpu.o"));
        prometheus.config().meterFilter(MeterFilter.deny(id -> id.getName().equals("cpu.gate.min")));
        prometheus.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                return id.withName(id.getName().replace("cpugate.slots", "cpu.gate"));
            }
        });
        composite.add(prometheus).add(other);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/actuator/prometheus", exchange -> {
            byte[] body = prometheus
                    .scrape(exchange.getRequestHeaders().getFirst("Accept"))
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/actuator/prometheus");
            HttpRequest asPrometheus = HttpRequest.newBuilder(uri)
                    .header("Accept", "application/openmetrics-text; version=1.0.0")
                    .build();
            HttpClient client = HttpClient.newHttpClient();
            AdaptiveCpuGate gate = gate("batch", new GateMetrics(composite));
            run(gate);

            String open = client.send(asPrometheus, BodyHandlers.ofString()).body();
            assertThat(open).endsWith("# EOF\n");
            assertThat(open.lines())
                    .contains("cpu_gate_limit{application=\"answers\",gate=\"batch\"} 1.0")
                    .contains("cpugate_callers_admitted_total{application=\"answers\",gate=\"batch\"} 2.0")
                    .noneMatch(
                            line -> line.contains("cpugate_slots") || line.contains("_own") || line.contains("_min"));
            assertThat(names(other)).contains("cpugate.slots.limit", "cpugate.slots.min");

            gate.close();
            assertThat(client.send(asPrometheus, BodyHandlers.ofString()).body())
                    .isEqualTo("# EOF\n");
            assertThat(other.getMeters()).isEmpty();
            assertThat(composite.getMeters()).isEmpty();
        } finally {
            server.stop(0);
        }
    }
}
