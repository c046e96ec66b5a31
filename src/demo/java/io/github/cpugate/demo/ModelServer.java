package io.github.cpugate.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A model on loopback: speaks the Messages API's server-sent events at a model's pace.
 *
 * <p>An answer is a text of up to {@code max_tokens} and then a tool call, whose arguments come as pieces of JSON.
 * Pieces are sent at times fixed from the beginning of the answer on, as a model does that does not care how fast it is
 * read. So a consumer that keeps up takes as long as the answer; one that doesn't takes longer.
 */
public final class ModelServer implements AutoCloseable {

    static final int TOKENS_PER_PIECE = 5;
    private static final int CHARS_PER_PIECE = 20;
    private static final int TOOL_PIECES = 15;
    private static final long FIRST_PIECE_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
    static final long PIECE_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

    private final ObjectMapper json = new ObjectMapper();
    private final AtomicLong answers = new AtomicLong();
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "model-server");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpServer server;
    private volatile @Nullable ApiLimit limit;

    /** Serves whatever comes, until it is given a limit. */
    public ModelServer() throws IOException {
        // Without it, small events wait for the acknowledgement of the one before.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // An answer may lie in the socket's buffers for long until a busy client has read it. To the server that is an
        // idle
        // connection, which it would close under the client's next request.
        System.setProperty("sun.net.httpserver.idleInterval", "600");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/messages", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    public String baseUrl() {
        String host = server.getAddress().getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":"
                + server.getAddress().getPort();
    }

    /** From now on refuses what exceeds the limit, with status 429; null for none. */
    void limit(@Nullable ApiLimit limit) {
        this.limit = limit;
    }

    private void answer(HttpExchange exchange) throws IOException {
        ApiLimit limit = this.limit;
        if (limit == null) {
            serve(exchange, () -> {});
        } else if (limit.begin()) {
            serve(exchange, limit::end);
        } else {
            refuse(exchange);
        }
    }

    private void refuse(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            byte[] body = json.writeValueAsBytes(Map.of(
                    "type",
                    "error",
                    "error",
                    Map.of("type", "rate_limit_error", "message", "too many requests at once")));
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.getResponseHeaders().set("retry-after", ApiLimit.RETRY_AFTER);
            exchange.sendResponseHeaders(429, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /** Calls {@code served} before the client can know, and send another request. */
    private void serve(HttpExchange exchange, Runnable served) throws IOException {
        try (exchange) {
            answer(exchange, served);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed in mid-answer
        } catch (IOException e) {
            // The client went away.
        }
    }

    private void answer(HttpExchange exchange, Runnable served) throws IOException, InterruptedException {
        try {
            JsonNode request = json.readTree(exchange.getRequestBody());
            exchange.getResponseHeaders().set("content-type", "text/event-stream; charset=utf-8");
            exchange.sendResponseHeaders(200, 0);
            Answer answer = new Answer(
                    exchange.getResponseBody(),
                    request.path("model").asText(),
                    Math.max(1, request.path("max_tokens").asInt() / TOKENS_PER_PIECE),
                    answers.incrementAndGet());
            answer.send();
        } finally {
            served.run();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** One answer under way. */
    private final class Answer {

        private final OutputStream out;
        private final String model;
        private final int textPieces;
        private final long number;
        private final Random random;
        private long due = System.nanoTime() + FIRST_PIECE_NANOS;

        Answer(OutputStream out, String model, int textPieces, long number) {
            this.out = out;
            this.model = model;
            this.textPieces = textPieces;
            this.number = number;
            this.random = new Random(number);
        }

        void send() throws IOException, InterruptedException {
            event(
                    "message_start",
                    Map.of(
                            "message",
                            Map.ofEntries(
                                    Map.entry("id", "msg_" + number),
                                    Map.entry("type", "message"),
                                    Map.entry("role", "assistant"),
                                    Map.entry("model", model),
                                    Map.entry("content", new Object[0]),
                                    Map.entry("usage", Map.of("input_tokens", 20, "output_tokens", 1)))));
            event("content_block_start", Map.of("index", 0, "content_block", Map.of("type", "text", "text", "")));
            String text = Markdown.ofLength(textPieces * CHARS_PER_PIECE, number);
            for (int i = 0; i < textPieces; i++) {
                awaitDue();
                String piece = text.substring(i * CHARS_PER_PIECE, (i + 1) * CHARS_PER_PIECE);
                event("content_block_delta", Map.of("index", 0, "delta", Map.of("type", "text_delta", "text", piece)));
            }
            event("content_block_stop", Map.of("index", 0));
            toolCall();
            event(
                    "message_delta",
                    Map.of(
                            "delta", Map.of("stop_reason", "tool_use"),
                            "usage", Map.of("output_tokens", textPieces * TOKENS_PER_PIECE)));
            event("message_stop", Map.of());
        }

        private void toolCall() throws IOException, InterruptedException {
            event(
                    "content_block_start",
                    Map.of(
                            "index",
                            1,
                            "content_block",
                            Map.of(
                                    "type",
                                    "tool_use",
                                    "id",
                                    "toolu_" + number,
                                    "name",
                                    "record_summary",
                                    "input",
                                    Map.of())));
            StringBuilder arguments =
                    new StringBuilder("{\"title\":\"answer ").append(number).append("\",\"points\":[");
            for (int i = 0; i < 20; i++) {
                arguments.append(i == 0 ? "" : ",").append("\"point ").append(i).append('"');
            }
            arguments.append("]}");
            for (int i = 0; i < TOOL_PIECES; i++) {
                awaitDue();
                int from = arguments.length() * i / TOOL_PIECES;
                int to = arguments.length() * (i + 1) / TOOL_PIECES;
                event(
                        "content_block_delta",
                        Map.of(
                                "index",
                                1,
                                "delta",
                                Map.of("type", "input_json_delta", "partial_json", arguments.substring(from, to))));
            }
            event("content_block_stop", Map.of("index", 1));
        }

        /** The times jitter by a quarter of the pace, and do not add up. */
        private void awaitDue() throws InterruptedException {
            long jitter = (long) (PIECE_NANOS * 0.25 * (2 * random.nextDouble() - 1));
            long wait = due + jitter - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            due += PIECE_NANOS;
        }

        private void event(String type, Map<String, Object> fields) throws IOException {
            Map<String, Object> data = new LinkedHashMap<>();
            data.put("type", type);
            data.putAll(fields);
            out.write(("event: " + type + "\ndata: " + json.writeValueAsString(data) + "\n\n")
                    .getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }
}
