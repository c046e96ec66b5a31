package io.github.cpugate.docs;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.clients.Anthropic;
import io.github.cpugate.clients.HttpStatusException;
import io.github.cpugate.clients.OpenAi;
import io.github.cpugate.clients.Retrying;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;

/** The snippets about clients: one inner class each, since they name their things alike. */
final class RateLimitSnippets {

    private RateLimitSnippets() {}

    static final class OfAnthropic {

        Message blocking(AdaptiveCpuGate gate, MessageCreateParams request) throws Exception {
            AnthropicClient client = AnthropicOkHttpClient.builder()
                    .fromEnv()
                    .maxRetries(0) // otherwise it tries again in the slot, and the gate does not see the refusal
                    .build();
            Retrying retrying = new Retrying(gate, Anthropic::refusal, 5);

            Message answer = retrying.call(() -> {
                MessageAccumulator message = MessageAccumulator.create();
                try (StreamResponse<RawMessageStreamEvent> events =
                        client.messages().createStreaming(request)) {
                    events.stream().forEach(message::accumulate);
                }
                return message.message();
            });
            return answer;
        }

        CompletableFuture<Message> async(AnthropicClient client, Retrying retrying, MessageCreateParams request) {
            CompletableFuture<Message> answer = retrying.callAsync(() -> {
                MessageAccumulator message = MessageAccumulator.create();
                return Anthropic.consume(
                        client.async().messages().createStreaming(request), message::accumulate, message::message);
            });
            return answer;
        }
    }

    static final class OfOpenAi {

        ChatCompletion blocking(AdaptiveCpuGate gate, ChatCompletionCreateParams request) throws Exception {
            OpenAIClient client =
                    OpenAIOkHttpClient.builder().fromEnv().maxRetries(0).build();
            Retrying retrying = new Retrying(gate, OpenAi::refusal, 5);

            ChatCompletion answer = retrying.call(() -> {
                ChatCompletionAccumulator completion = ChatCompletionAccumulator.create();
                try (var chunks = client.chat().completions().createStreaming(request)) {
                    chunks.stream().forEach(completion::accumulate);
                }
                return completion.chatCompletion();
            });
            return answer;
        }

        CompletableFuture<ChatCompletion> async(
                OpenAIClient client, Retrying retrying, ChatCompletionCreateParams request) {
            CompletableFuture<ChatCompletion> answer = retrying.callAsync(() -> {
                ChatCompletionAccumulator completion = ChatCompletionAccumulator.create();
                return OpenAi.consume(
                        client.async().chat().completions().createStreaming(request),
                        completion::accumulate,
                        completion::chatCompletion);
            });
            return answer;
        }
    }

    static final class OfTheJdk {

        String blocking(AdaptiveCpuGate gate, HttpClient http, HttpRequest request) throws Exception {
            Retrying retrying = new Retrying(gate, HttpStatusException::refusal, 5);

            String answer = retrying.call(() -> {
                HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
                return HttpStatusException.check(response).body(); // throws unless it is 2xx
            });
            return answer;
        }

        CompletableFuture<String> async(HttpClient http, Retrying retrying, HttpRequest request) {
            CompletableFuture<String> answer = retrying.callAsync(() -> http.sendAsync(request, BodyHandlers.ofString())
                    .thenApply(response -> HttpStatusException.check(response).body()));
            return answer;
        }
    }
}
