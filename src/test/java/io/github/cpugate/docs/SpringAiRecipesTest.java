package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;

/** Tests what docs/streams/reactor.md says of Spring AI. */
class SpringAiRecipesTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final ReactorSnippets recipes = new ReactorSnippets();

    /** Streams from the fake service. */
    private record FakeChatModel(FakeModel service) implements ChatModel {

        @Override
        public Flux<ChatResponse> stream(Prompt prompt) {
            return Flux.<String>create(sink -> sink.onDispose(service.stream(sink::next, sink::complete)::run))
                    .map(token -> new ChatResponse(List.of(new Generation(new AssistantMessage(token)))));
        }

        @Override
        public ChatResponse call(Prompt prompt) {
            return stream(prompt).blockLast(LONG);
        }
    }

    @Test
    void streamsOfAChatModelRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3);
                FakeModel service = new FakeModel()) {
            ChatModel chatModel = new FakeChatModel(service);
            Prompt prompt = new Prompt("prompt");
            List<String> tokens = Flux.range(0, 100)
                    .flatMap(i -> recipes.inSlot(gate, () -> chatModel.stream(prompt)), 100)
                    .map(response -> response.getResult().getOutput().getText())
                    .collectList()
                    .block(LONG);

            assertThat(tokens).hasSize(500).contains("token 0", "token 4");
            assertThat(service.most).hasValue(3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }
}
