package io.github.cpugate.docs;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.cpu.CpuSource;
import io.github.cpugate.observe.GateMetrics;
import io.github.cpugate.observe.JfrEvents;
import io.github.cpugate.observe.Jmx;
import io.github.cpugate.observe.Journal;
import io.github.cpugate.policy.Decision;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Each method holds the snippet of one place. */
final class Snippets {

    private final String client = "";

    private String stream(String client, String prompt) {
        return client + prompt;
    }

    String slot(AdaptiveCpuGate gate, String prompt) throws InterruptedException {
        try (Slot slot = gate.slot()) { // waits its turn; first come, first served
            return stream(client, prompt); // your own streaming call
        }
    }

    void prometheus() throws IOException {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("batch")
                .listener(new GateMetrics(registry))
                .build();
        HttpServer server = HttpServer.create(new InetSocketAddress(9095), 0);
        server.createContext("/metrics", exchange -> {
            byte[] text = registry.scrape().getBytes(UTF_8);
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
            exchange.close();
        });
        server.start();
        gate.close();
    }

    AdaptiveCpuGate build() {
        AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().targetCpu(70).maxSlots(64).build(); // percent of the host
        return gate;
    }

    String shorter(AdaptiveCpuGate gate, String prompt) throws Exception {
        return gate.call(() -> stream(client, prompt));
    }

    String orElse(AdaptiveCpuGate gate, String prompt) throws InterruptedException {
        Optional<Slot> slot = gate.trySlot(Duration.ofSeconds(5));
        if (slot.isEmpty()) {
            return "busy, try again later";
        }
        try (Slot held = slot.get()) {
            return stream(client, prompt);
        }
    }

    private static final class TooManyRequestsException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        String retryAfter() {
            return "20";
        }
    }

    String rateLimited(AdaptiveCpuGate gate, String prompt) throws InterruptedException {
        try (Slot slot = gate.slot()) {
            while (true) {
                try {
                    return stream(client, prompt);
                } catch (TooManyRequestsException e) { // what your client throws at 429
                    slot.rateLimitedFor(e.retryAfter()); // the header's text, or null
                    slot.pause(); // others may run meanwhile
                    slot.resume(); // once the service's time has passed and a slot is free
                }
            }
        }
    }

    private String search(String prompt) {
        return prompt;
    }

    String paused(Slot slot, String prompt) throws InterruptedException {
        slot.pause(); // others may run meanwhile
        String found = search(prompt);
        slot.resume(); // waits until the slot is held again, ahead of callers that have not been admitted yet
        return found;
    }

    CompletableFuture<HttpResponse<String>> async(AdaptiveCpuGate gate, HttpClient http, HttpRequest request) {
        CompletableFuture<HttpResponse<String>> answer =
                gate.callAsync(() -> http.sendAsync(request, BodyHandlers.ofString()));
        return answer;
    }

    CompletableFuture<String> parked(AdaptiveCpuGate gate, ExecutorService threads, String prompt) {
        Executor inSlots = gate.executor(threads); // each task runs in a slot; until then it waits without a thread
        CompletableFuture<String> answer = CompletableFuture.supplyAsync(() -> stream(client, prompt), inSlots);
        return answer;
    }

    AdaptiveCpuGate looksForLeaks() {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .leakWarning(Duration.ofMinutes(10)) // longer than any session takes
                .build();
        return gate;
    }

    String nested(AdaptiveCpuGate gate, String prompt) throws Exception {
        String report = gate.call(() -> {
            String plan = stream(client, prompt);
            return gate.call(() -> stream(client, plan)); // in the same slot: a thread does one thing at a time
        });
        return report;
    }

    String lent(AdaptiveCpuGate gate, ExecutorService threads, String prompt) throws Exception {
        try (Slot slot = gate.slot()) {
            String plan = stream(client, prompt);
            Future<String> answer = threads.submit(() -> gate.call(() -> stream(client, plan)));
            return slot.whilePaused(answer::get); // others may use the slot meanwhile
        }
    }

    void bounded() {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder().maxWaiting(100).build();
        gate.close();
    }

    void shutDown(AdaptiveCpuGate gate) throws InterruptedException {
        gate.close();
        if (!gate.awaitIdle(Duration.ofSeconds(30))) {
            System.err.println(gate.snapshot().inFlight() + " sessions still run");
        }
    }

    void closed(AdaptiveCpuGate gate, String prompt) throws InterruptedException {
        try (Slot slot = gate.slot()) {
            stream(client, prompt);
        } catch (GateClosedException e) {
            System.err.println("not started: " + e.getMessage());
        }
    }

    void live(AdaptiveCpuGate gate) {
        gate.setTargetCpu(50);
        gate.setSlots(1, 8);
    }

    AdaptiveCpuGate configured() {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("batch")
                .targetCpu(70)
                .minSlots(2)
                .maxSlots(12)
                .initialSlots(4)
                .period(Duration.ofSeconds(2))
                .sampler(CpuSampler.ofHost())
                .policy(StepPolicy.oneSlot())
                .listener(step -> System.out.println(step.reason() + " " + step.limitAfter()))
                .build();
        return gate;
    }

    AdaptiveCpuGate sharing() {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .targetCpu(70)
                .shareHost(Path.of("/dev/shm/cpugate"))
                .build();
        return gate;
    }

    AdaptiveCpuGate journaled() {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .listener(Journal.jsonLines(Path.of("logs/gate.jsonl")))
                .build();
        return gate;
    }

    AdaptiveCpuGate recorded() {
        AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().listener(JfrEvents.create()).build();
        return gate;
    }

    void managed(List<String> prompts) throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder().name("batch").build();
                Jmx jmx = Jmx.register(gate)) {
            runAll(gate, prompts);
        }
    }

    private void runAll(AdaptiveCpuGate gate, List<String> prompts) throws InterruptedException {
        for (String prompt : prompts) {
            try (Slot slot = gate.slot()) {
                stream(client, prompt);
            }
        }
    }

    CpuSampler ownSource() {
        CpuSampler sampler = CpuSampler.smoothing(() -> readMyOwnMeter(), 0.3);
        return sampler;
    }

    AdaptiveCpuGate ofCores() {
        AdaptiveCpuGate gate =
                AdaptiveCpuGate.builder().sampler(CpuSampler.ofCores(0.5)).build();
        return gate;
    }

    private static double readMyOwnMeter() {
        return Double.NaN;
    }

    private static double readMyOwnCpu() {
        return Double.NaN;
    }

    private static long spanNanos() {
        return 0;
    }

    static class PartitionMeter implements CpuSource {

        @Override
        public CpuReading reading() {
            double percent = readMyOwnMeter(); // since the last read
            double own = readMyOwnCpu(); // of this JVM, percent of the same; NaN if unknown
            return new CpuReading(percent, own, spanNanos(), "partition 3 (4 cores)", 4); // 0 ns if unknown
        }

        @Override
        public double read() {
            return reading().percent();
        }
    }

    AdaptiveCpuGate metered(MeterRegistry registry) {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("batch")
                .listener(new GateMetrics(registry))
                .build();
        return gate;
    }

    void histogram(MeterRegistry registry) {
        registry.config().meterFilter(new MeterFilter() {
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

    StepPolicy halving() {
        StepPolicy halving = seen -> {
            double cpu = seen.cpu().smoothed();
            if (cpu > seen.targetCpu()) {
                return seen.inFlight() > seen.limit()
                        ? seen.hold(Reason.DRAINING)
                        : new Decision(seen.limit() / 2, Reason.OVER_TARGET);
            }
            if (cpu < 0.8 * seen.targetCpu()) {
                return seen.limitReached() ? seen.moveBy(+1, Reason.HEADROOM) : seen.hold(Reason.NO_DEMAND);
            }
            return seen.hold(Reason.IN_BAND);
        };
        return halving;
    }
}
