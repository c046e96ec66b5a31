package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the recipes of docs/streams/http-client.md. */
@Timeout(120)
class HttpClientRecipesTest {

    private static final int LINES = 5;

    private final HttpClientSnippets recipes = new HttpClientSnippets();
    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::stream);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** Counts a session as running until its last line is sent, or the client is gone. */
    private void stream(HttpExchange exchange) throws IOException {
        boolean endless = exchange.getRequestURI().getPath().equals("/endless");
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        boolean runs = true;
        try (exchange) {
            exchange.sendResponseHeaders(200, 0);
            OutputStream body = exchange.getResponseBody();
            for (int i = 1; i < LINES || endless; i++) {
                send(body);
            }
            running.decrementAndGet();
            runs = false;
            send(body);
        } catch (IOException e) { // the client is gone; perhaps it missed the last line only
            if (runs) {
                running.decrementAndGet();
            }
        }
    }

    private static void send(OutputStream body) throws IOException {
        body.write("data\n".getBytes(StandardCharsets.US_ASCII));
        body.flush();
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(
                        URI.create("http://localhost:" + server.getAddress().getPort() + path))
                .build();
    }

    /** Counts lines. */
    private static final class Lines implements Flow.Subscriber<String> {

        final AtomicInteger seen = new AtomicInteger();

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(String line) {
            seen.incrementAndGet();
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {}
    }

    @Test
    void manyStreamsRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3)) {
            Lines lines = new Lines();
            List<CompletableFuture<HttpResponse<Void>>> answers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                answers.add(recipes.stream(gate, client, request("/"), lines));
            }
            answers.forEach(CompletableFuture::join);

            assertThat(lines.seen).hasValue(100 * LINES);
            assertThat(most.get()).isBetween(1, 3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void theBlockingRecipeHoldsItsSlotUntilTheLastLine() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(3)) {
            List<Integer> held = new ArrayList<>();
            recipes.blocking(
                    gate, client, request("/"), line -> held.add(gate.snapshot().inFlight()));

            assertThat(held).hasSize(LINES).containsOnly(1);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void toCancelTheFutureEndsTheStream() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            Lines lines = new Lines();
            CompletableFuture<HttpResponse<Void>> endless = recipes.stream(gate, client, request("/endless"), lines);
            CompletableFuture<HttpResponse<Void>> inLine = recipes.stream(gate, client, request("/"), lines);
            Await.until("a line has come", () -> lines.seen.get() > 0);

            inLine.cancel(true);
            assertThat(gate.snapshot().waiting()).isZero();
            endless.cancel(true);

            assertThat(gate.snapshot().inFlight()).isZero();
            Await.until("no session runs", () -> running.get() == 0);
        }
    }

    @Test
    @Tag("slow")
    void noCancellationLosesASlot() throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        try (AdaptiveCpuGate gate = Races.gate(2)) {
            for (int i = 0; i < 250; i++) {
                List<CompletableFuture<?>> streams = new ArrayList<>();
                for (int n = 0; n < 8; n++) {
                    streams.add(recipes.stream(gate, client, request("/"), new Lines()));
                }
                FakeModel.spin(random.nextInt(5_000_000));
                streams.forEach(stream -> stream.cancel(true));
                assertThat(gate.awaitIdle(Duration.ofSeconds(10))).isTrue();
            }
            assertThat(gate.snapshot().waiting()).isZero();
            Await.until("no session runs", () -> running.get() == 0);
        }
    }
}
