package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The snippets of docs/streams/http-client.md. */
class HttpClientSnippets {

    CompletableFuture<HttpResponse<Void>> stream(
            AdaptiveCpuGate gate, HttpClient client, HttpRequest request, Flow.Subscriber<String> lines) {
        return gate.callAsync(() -> client.sendAsync(request, BodyHandlers.fromLineSubscriber(lines)));
    }

    void blocking(AdaptiveCpuGate gate, HttpClient client, HttpRequest request, Consumer<String> line)
            throws Exception {
        gate.call(() -> {
            try (Stream<String> lines =
                    client.send(request, BodyHandlers.ofLines()).body()) {
                lines.forEach(line);
            }
            return null;
        });
    }
}
