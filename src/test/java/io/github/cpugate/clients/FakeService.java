package io.github.cpugate.clients;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A service on loopback. It sends the answers that a test queues, and then {@code Hello, world} in two pieces. */
final class FakeService implements AutoCloseable {

    private record Answer(int status, String body, List<String> headers) {}

    private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final List<Long> arrivals = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    private volatile CountDownLatch beforeAnswer = new CountDownLatch(0);
    private volatile CountDownLatch afterFirstPiece = new CountDownLatch(0);
    private volatile boolean endless;
    private volatile boolean streaming;
    private volatile boolean clientGone;

    FakeService() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    /** Queues the answer to one more request; headers are names and values in turn. */
    void answer(int status, String body, String... headers) {
        answers.add(new Answer(status, body, List.of(headers)));
    }

    /** Answers no request until {@link #goOn}. */
    void holdAnswers() {
        beforeAnswer = new CountDownLatch(1);
    }

    /** Sends the first piece, and after {@link #goOn} repeats the second one until the client disconnects. */
    void holdStreams() {
        afterFirstPiece = new CountDownLatch(1);
        endless = true;
    }

    void goOn() {
        beforeAnswer.countDown();
        afterFirstPiece.countDown();
    }

    int requests() {
        return arrivals.size();
    }

    /** The arrival times of the requests, by {@link System#nanoTime()}. */
    List<Long> arrivals() {
        return arrivals;
    }

    boolean isStreaming() {
        return streaming;
    }

    boolean isClientGone() {
        return clientGone;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            arrivals.add(System.nanoTime());
            beforeAnswer.await();
            Answer answer = answers.poll();
            if (answer == null) {
                stream(exchange);
                return;
            }
            for (int i = 0; i < answer.headers.size(); i += 2) {
                exchange.getResponseHeaders().add(answer.headers.get(i), answer.headers.get(i + 1));
            }
            byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (IOException e) {
            clientGone = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void stream(HttpExchange exchange) throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("content-type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        String path = exchange.getRequestURI().getPath();
        send(out, piece(path, "Hello"));
        streaming = true;
        afterFirstPiece.await();
        do {
            send(out, piece(path, ", world"));
        } while (endless);
        send(out, end(path));
    }

    private static void send(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static String piece(String path, String text) {
        return switch (path) {
            case "/v1/messages" ->
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
                        + "\"delta\":{\"type\":\"text_delta\",\"text\":\"" + text + "\"}}\n\n";
            case "/chat/completions" ->
                "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                        + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text + "\"}}]}\n\n";
            default -> text;
        };
    }

    private static String end(String path) {
        return switch (path) {
            case "/v1/messages" -> "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
            case "/chat/completions" -> "data: [DONE]\n\n";
            default -> "";
        };
    }

    @Override
    public void close() {
        goOn();
        server.stop(0);
        threads.shutdownNow();
    }
}
