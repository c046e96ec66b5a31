package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.testing.Await;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Tests the page docs/streams/spring-boot.md with an application that serves requests. */
@Tag("slow")
@Timeout(60)
class SpringBootRecipesTest {

    private static final boolean IS_3 = SpringBootVersion.getVersion().startsWith("3.");

    @Configuration
    @EnableAutoConfiguration
    @Import({SpringBootSnippets.Answers.class, SpringBootSnippets.Streams.class, SpringBootSnippets.Unavailable.class})
    static class Application {

        @Bean
        CpuSampler sampler() {
            return () -> CpuSample.of(50);
        }
    }

    private final HttpClient client = HttpClient.newHttpClient();

    private static ConfigurableApplicationContext start(String... properties) {
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--server.address=localhost",
                "--spring.main.banner-mode=off",
                "--management.endpoints.web.exposure.include=health,prometheus",
                "--management.endpoint.health.show-details=always",
                "--management.prometheus.metrics.export.enabled=true"));
        for (String property : properties) {
            arguments.add("--" + property);
        }
        SpringApplication application = new SpringApplication(
                IS_3
                        ? new Class<?>[] {Application.class, SpringBootSnippets.HealthRecipe.class}
                        : new Class<?>[] {Application.class});
        return application.run(arguments.toArray(String[]::new));
    }

    private CompletableFuture<HttpResponse<String>> get(ConfigurableApplicationContext context, String path) {
        String port = context.getEnvironment().getProperty("local.server.port");
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .build();
        return client.sendAsync(request, BodyHandlers.ofString());
    }

    private List<Integer> statusOf(ConfigurableApplicationContext context, String... paths) {
        return Stream.of(paths)
                .map(path -> get(context, path + "?prompt=late").join().statusCode())
                .toList();
    }

    @Test
    void propertiesMetricsAndHealthAreThere() {
        try (ConfigurableApplicationContext context = start(
                "cpugate.target-cpu=60",
                "cpugate.min-slots=2",
                "cpugate.max-slots=9",
                "cpugate.initial-slots=3",
                "cpugate.period=1h",
                "cpugate.policy=headroom",
                "cpugate.name=web")) {
            assertThat(context.getBean(AdaptiveCpuGate.class).snapshot())
                    .returns(60.0, GateSnapshot::targetCpu)
                    .returns(2, GateSnapshot::minSlots)
                    .returns(9, GateSnapshot::maxSlots)
                    .returns(3, GateSnapshot::limit)
                    .returns("web", GateSnapshot::gate);
            assertThat(get(context, "/answer?prompt=hello").join().body()).isEqualTo("hello");
            Await.until("the gate, which has started, shows its meters", () -> {
                String meters = get(context, "/actuator/prometheus").join().body();
                return meters.contains("cpugate_slots_max{gate=\"web\"} 9.0")
                        && meters.contains("cpugate_callers_admitted_total{gate=\"web\"} 1.0");
            });
            if (IS_3) {
                assertThat(get(context, "/actuator/health").join().body())
                        .contains("\"cpuGate\":{\"status\":\"UP\",\"details\":{\"limit\":3,\"waiting\":0}}");
            }
        }
    }

    @Test
    void aStreamRunsInASlot() {
        try (ConfigurableApplicationContext context = start("cpugate.max-slots=1")) {
            AdaptiveCpuGate gate = context.getBean(AdaptiveCpuGate.class);
            SpringBootSnippets.model = prompt -> prompt + gate.snapshot().inFlight();

            assertThat(get(context, "/stream?prompt=in+flight:+").join().body()).isEqualTo("in flight: 1");
            assertThat(get(context, "/flux?prompt=in+flight:+").join().body())
                    .isEqualTo("data:in \n\ndata:flight: \n\ndata:1\n\n");
            Await.until("the slot is given back", () -> gate.snapshot().inFlight() == 0);
            gate.close();
            assertThat(statusOf(context, "/answer", "/stream", "/flux", "/async"))
                    .containsOnly(503);
        } finally {
            SpringBootSnippets.model = prompt -> prompt;
        }
    }

    @Test
    void aRequestThatWaitsTooLongLeavesTheLineAndIsAnswered503() throws InterruptedException {
        SpringBootSnippets.longestWait = Duration.ofMillis(100);
        try (ConfigurableApplicationContext context =
                start("cpugate.max-slots=1", "spring.mvc.async.request-timeout=10s")) {
            AdaptiveCpuGate gate = context.getBean(AdaptiveCpuGate.class);
            try (Slot held = gate.slot()) {
                assertThat(statusOf(context, "/stream", "/flux")).containsOnly(503);
                HttpResponse<String> refused = get(context, "/flux?prompt=late").join();
                assertThat(refused.headers().firstValue("Retry-After")).contains("5");
                assertThat(gate.snapshot().waiting()).isZero();
                SpringBootSnippets.longestWait = Duration.ofSeconds(20);
                held.pause();
                assertThat(statusOf(context, "/stream", "/flux")).containsOnly(200);
            }
        } finally {
            SpringBootSnippets.longestWait = Duration.ofSeconds(20);
        }
    }

    @Test
    void anAsynchronousAnswerThatIsLateLeavesTheLineOrItsSlot() {
        CompletableFuture<String> late = new CompletableFuture<>();
        try (ConfigurableApplicationContext context = start("cpugate.max-slots=1")) {
            AdaptiveCpuGate gate = context.getBean(AdaptiveCpuGate.class);
            assertThat(get(context, "/async?prompt=hello").join().body()).isEqualTo("hello");

            SpringBootSnippets.longestAnswer = Duration.ofMillis(300);
            SpringBootSnippets.model = prompt -> late.join();
            var first = get(context, "/async?prompt=first");
            var second = get(context, "/async?prompt=second");
            assertThat(first.join().statusCode()).isEqualTo(503);
            assertThat(second.join().statusCode()).isEqualTo(503);
            Await.until("no slot is held", () -> gate.snapshot().inFlight() == 0);
            assertThat(gate.snapshot().waiting()).isZero();
        } finally {
            late.complete("too late");
            SpringBootSnippets.longestAnswer = Duration.ofSeconds(60);
            SpringBootSnippets.model = prompt -> prompt;
        }
    }

    @Test
    void shutdownServesTheRequestsInASlotAndRefusesThoseInLine() {
        ConfigurableApplicationContext context = start("cpugate.min-slots=2", "cpugate.max-slots=2");
        AdaptiveCpuGate gate = context.getBean(AdaptiveCpuGate.class);
        AtomicInteger started = new AtomicInteger();
        SpringBootSnippets.model = prompt -> {
            started.incrementAndGet();
            Await.until("the gate is closed", () -> gate.snapshot().closed());
            return "answer";
        };
        try {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                answers.add(get(context, "/answer?prompt=hello"));
            }
            Await.until("two run and the others wait", () -> gate.snapshot().waiting() == 18 && started.get() == 2);

            long start = System.nanoTime();
            context.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("Spring waits for 30 s for requests that do not end")
                    .isLessThan(Duration.ofSeconds(20));

            assertThat(answers.stream().map(answer -> answer.join().statusCode()))
                    .containsOnly(200, 503)
                    .filteredOn(status -> status == 200)
                    .hasSize(2);
        } finally {
            SpringBootSnippets.model = prompt -> prompt;
        }
    }
}
