package io.github.cpugate.clients;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.http.AsyncStreamResponse;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the tests need of a client: it streams an answer and returns the text. */
interface Client extends AutoCloseable {

    enum Kind {
        ANTHROPIC,
        OPENAI,
        JDK;

        Client of(String url) {
            return switch (this) {
                case ANTHROPIC -> new OfAnthropic(url);
                case OPENAI -> new OfOpenAi(url);
                case JDK -> new OfJdk(url);
            };
        }
    }

    Optional<Refusal> refusal(Throwable failure);

    String stream() throws Exception;

    /**
     * Streams on other threads.
     *
     * @param opened receives the future of the stream's end before the stream is subscribed to
     * @param each receives each piece of text, and a task that closes the stream
     */
    CompletableFuture<String> streamAsync(Consumer<CompletableFuture<?>> opened, Piece each);

    default CompletableFuture<String> streamAsync() {
        return streamAsync(end -> {}, (text, close) -> {});
    }

    /** Opens a stream without subscribing to it, keeps it reachable, and returns the future of its end. */
    CompletableFuture<Void> open();

    @Override
    void close();

    @FunctionalInterface
    interface Piece {
        void accept(String text, Runnable close);
    }

    /** The Anthropic client. */
    final class OfAnthropic implements Client {

        private static final MessageCreateParams REQUEST = MessageCreateParams.builder()
                .model("m")
                .maxTokens(10)
                .addUserMessage("hello")
                .build();

        private final AnthropicClient client;
        private @Nullable AsyncStreamResponse<RawMessageStreamEvent> opened;

        OfAnthropic(String url) {
            client = AnthropicOkHttpClient.builder()
                    .apiKey("none")
                    .baseUrl(url)
                    .maxRetries(0)
                    .build();
        }

        private static String text(RawMessageStreamEvent event) {
            return event.contentBlockDelta()
                    .flatMap(block -> block.delta().text())
                    .map(delta -> delta.text())
                    .orElse("");
        }

        @Override
        public Optional<Refusal> refusal(Throwable failure) {
            return Anthropic.refusal(failure);
        }

        @Override
        public String stream() {
            StringBuilder answer = new StringBuilder();
            try (StreamResponse<RawMessageStreamEvent> events =
                    client.messages().createStreaming(REQUEST)) {
                events.stream().forEach(event -> answer.append(text(event)));
            }
            return answer.toString();
        }

        @Override
        public CompletableFuture<String> streamAsync(Consumer<CompletableFuture<?>> opened, Piece each) {
            StringBuilder answer = new StringBuilder();
            var stream = client.async().messages().createStreaming(REQUEST);
            opened.accept(stream.onCompleteFuture());
            Consumer<RawMessageStreamEvent> consumer = event -> {
                answer.append(text(event));
                each.accept(text(event), stream::close);
            };
            return Anthropic.consume(stream, consumer, answer::toString);
        }

        @Override
        public CompletableFuture<Void> open() {
            opened = client.async().messages().createStreaming(REQUEST);
            return opened.onCompleteFuture();
        }

        @Override
        public void close() {
            client.close();
        }
    }

    /** The OpenAI client. */
    final class OfOpenAi implements Client {

        private static final ChatCompletionCreateParams REQUEST = ChatCompletionCreateParams.builder()
                .model("m")
                .addUserMessage("hello")
                .build();

        private final OpenAIClient client;
        private com.openai.core.http.@Nullable AsyncStreamResponse<ChatCompletionChunk> opened;

        OfOpenAi(String url) {
            client = OpenAIOkHttpClient.builder()
                    .apiKey("none")
                    .baseUrl(url)
                    .maxRetries(0)
                    .build();
        }

        private static String text(ChatCompletionChunk chunk) {
            return chunk.choices().get(0).delta().content().orElse("");
        }

        @Override
        public Optional<Refusal> refusal(Throwable failure) {
            return OpenAi.refusal(failure);
        }

        @Override
        public String stream() {
            StringBuilder answer = new StringBuilder();
            try (var chunks = client.chat().completions().createStreaming(REQUEST)) {
                chunks.stream().forEach(chunk -> answer.append(text(chunk)));
            }
            return answer.toString();
        }

        @Override
        public CompletableFuture<String> streamAsync(Consumer<CompletableFuture<?>> opened, Piece each) {
            StringBuilder answer = new StringBuilder();
            var stream = client.async().chat().completions().createStreaming(REQUEST);
            opened.accept(stream.onCompleteFuture());
            Consumer<ChatCompletionChunk> consumer = chunk -> {
                answer.append(text(chunk));
                each.accept(text(chunk), stream::close);
            };
            return OpenAi.consume(stream, consumer, answer::toString);
        }

        @Override
        public CompletableFuture<Void> open() {
            opened = client.async().chat().completions().createStreaming(REQUEST);
            return opened.onCompleteFuture();
        }

        @Override
        public void close() {
            client.close();
        }
    }

    /** The client of java.net.http, which has no streams to subscribe to. */
    final class OfJdk implements Client {

        private final HttpClient client = HttpClient.newHttpClient();
        private final HttpRequest request;

        OfJdk(String url) {
            request = HttpRequest.newBuilder(URI.create(url)).build();
        }

        @Override
        public Optional<Refusal> refusal(Throwable failure) {
            return HttpStatusException.refusal(failure);
        }

        @Override
        public String stream() throws Exception {
            return HttpStatusException.check(client.send(request, BodyHandlers.ofString()))
                    .body();
        }

        @Override
        public CompletableFuture<String> streamAsync(Consumer<CompletableFuture<?>> opened, Piece each) {
            return client.sendAsync(request, BodyHandlers.ofString())
                    .thenApply(response -> HttpStatusException.check(response).body());
        }

        @Override
        public CompletableFuture<Void> open() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
