package io.github.cpugate.docs;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Streams chat completions on loopback as OpenAI does. The name of the model says what is to happen. */
final class OpenAiServer implements AutoCloseable {

    static final int TOKENS = 5;

    final AtomicInteger running = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    OpenAiServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/chat/completions", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort() + "/v1";
    }

    private void answer(HttpExchange exchange) throws IOException {
        String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        try (exchange) {
            if (request.contains("\"refused\"")) {
                exchange.sendResponseHeaders(429, -1);
                return;
            }
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                exchange.getResponseHeaders().set("content-type", "text/event-stream");
                exchange.sendResponseHeaders(200, request.contains("\"broken\"") ? 1_000_000 : 0);
                stream(request, exchange.getResponseBody());
            } finally {
                running.decrementAndGet();
            }
            send(exchange.getResponseBody(), "[DONE]"); // no session runs by then
        } catch (IOException e) {
            // The client is gone.
        }
    }

    private static void stream(String request, OutputStream body) throws IOException {
        if (request.contains("\"tools\"") && !request.contains("\"tool_call_id\"")) {
            delta(
                    body,
                    "{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\","
                            + "\"function\":{\"name\":\"weather\",\"arguments\":\"{}\"}}]}");
            return;
        }
        boolean endless = request.contains("\"endless\"");
        for (int i = 0; i < TOKENS || endless; i++) {
            delta(body, "{\"content\":\"token \"}");
        }
    }

    private static void delta(OutputStream body, String delta) throws IOException {
        send(body, "{\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":" + delta + "}]}");
    }

    private static void send(OutputStream body, String data) throws IOException {
        body.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
        body.flush();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
