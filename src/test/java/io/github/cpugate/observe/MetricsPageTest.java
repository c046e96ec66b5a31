package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSample;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Compares the documentation and the dashboard with the scrape of a gate that has run. */
class MetricsPageTest {

    private static final Pattern NAME = Pattern.compile("\\bcpugate_\\w+");
    private static final Pattern SELECTOR = Pattern.compile("(cpugate_\\w+)\\{([^}]*)}");
    private static final Pattern LABEL = Pattern.compile("(\\w+)(!?=~?)\"([^\"]*)\"");

    private final PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    private AdaptiveCpuGate gate() {
        return AdaptiveCpuGate.builder()
                .name("batch")
                .manual()
                .initialSlots(2)
                .sampler(() -> CpuSample.of(95))
                .listener(new GateMetrics(prometheus))
                .build();
    }

    private void publishAHistogram() {
        prometheus.config().meterFilter(new MeterFilter() {
            @Override
            public DistributionStatisticConfig configure(Meter.Id id, DistributionStatisticConfig config) {
                return id.getName().equals("cpugate.slot.wait")
                        ? DistributionStatisticConfig.builder()
                                .percentilesHistogram(true)
                                .build()
                                .merge(config)
                        : config;
            }
        });
    }

    @Test
    void theDocumentationNamesExactlyTheScrapedMetrics() throws Exception {
        try (AdaptiveCpuGate gate = gate()) {
            GateMetricsTest.run(gate);
            Set<String> scraped = new TreeSet<>();
            GateMetricsTest.values(prometheus.scrape()).forEach(line -> scraped.add(line.replaceFirst("\\{.*", "")));
            assertThat(matchesOf(NAME, Files.readString(Path.of("docs/observe/metrics.md"))))
                    .isEqualTo(scraped);
        }
    }

    @Test
    void theDashboardQueriesExactlyTheScrapedMetrics() throws Exception {
        publishAHistogram();
        try (AdaptiveCpuGate gate = gate()) {
            GateMetricsTest.run(gate);
            List<String> scraped = GateMetricsTest.values(prometheus.scrape());
            JsonNode dashboard = new ObjectMapper()
                    .readTree(Path.of("docs/grafana-dashboard.json").toFile());
            assertThat(dashboard.at("/templating/list").findValuesAsText("name"))
                    .containsExactly("datasource", "gate");
            assertThat(dashboard.findValuesAsText("uid")).as("data sources").contains("${datasource}");
            List<String> queries = dashboard.findValuesAsText("expr");
            assertThat(queries).hasSizeGreaterThan(12);
            for (String query : queries) {
                Matcher selector = SELECTOR.matcher(query);
                Set<String> selected = new TreeSet<>();
                while (selector.find()) {
                    selected.add(selector.group(1));
                    assertThat(scraped)
                            .as(query)
                            .anyMatch(line ->
                                    line.startsWith(selector.group(1) + "{") && matches(line, selector.group(2)));
                }
                assertThat(selected).as("%s selects by gate", query).isEqualTo(matchesOf(NAME, query));
            }
            Set<String> names = new TreeSet<>();
            scraped.forEach(line -> names.add(line.replaceFirst("\\{.*", "")));
            assertThat(matchesOf(NAME, dashboard.toString()))
                    .as("all metrics in the dashboard")
                    .isEqualTo(names);
        }
    }

    @Test
    void noPanelOfTheDashboardCoversAnother() throws Exception {
        JsonNode panels = new ObjectMapper()
                .readTree(Path.of("docs/grafana-dashboard.json").toFile())
                .get("panels");
        Set<String> covered = new TreeSet<>();
        Set<Integer> ids = new TreeSet<>();
        for (JsonNode panel : panels) {
            assertThat(ids.add(panel.get("id").asInt()))
                    .as("%s has its own id", panel)
                    .isTrue();
            JsonNode place = panel.get("gridPos");
            int right = place.get("x").asInt() + place.get("w").asInt();
            int bottom = place.get("y").asInt() + place.get("h").asInt();
            assertThat(right).as(panel.get("title").asText()).isLessThanOrEqualTo(24);
            for (int x = place.get("x").asInt(); x < right; x++) {
                for (int y = place.get("y").asInt(); y < bottom; y++) {
                    assertThat(covered.add(x + "," + y))
                            .as(panel.get("title").asText())
                            .isTrue();
                }
            }
        }
    }

    @Test
    void theHistogramSpansMillisecondsToMinutes() throws InterruptedException {
        publishAHistogram();
        try (AdaptiveCpuGate gate = gate()) {
            GateMetricsTest.run(gate);
            assertThat(GateMetricsTest.values(prometheus.scrape()))
                    .contains(
                            "cpugate_slot_wait_seconds_bucket{gate=\"batch\",outcome=\"ADMITTED\",le=\"0.001\"} 0",
                            "cpugate_slot_wait_seconds_bucket{gate=\"batch\",outcome=\"ADMITTED\",le=\"600.0\"} 1");
        }
    }

    /** Returns whether the scraped line has labels that match, as Prometheus understands matchers. */
    private static boolean matches(String line, String matchers) {
        Matcher label = LABEL.matcher(matchers);
        while (label.find()) {
            Matcher actual =
                    Pattern.compile("[{,]" + label.group(1) + "=\"([^\"]*)\"").matcher(line);
            if (!actual.find()) {
                return false;
            }
            String expected = label.group(3).equals("$gate") ? ".*" : label.group(3);
            if (label.group(2).startsWith("!") == actual.group(1).matches(expected)) {
                return false;
            }
        }
        return true;
    }

    private static Set<String> matchesOf(Pattern pattern, String text) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group());
        }
        return found;
    }
}
