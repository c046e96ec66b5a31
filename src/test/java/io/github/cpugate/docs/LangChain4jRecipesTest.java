package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.service.AiServices;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import io.github.cpugate.Slot;
import io.github.cpugate.clients.GatedStreamingChatModel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the recipes of docs/streams/langchain4j.md with a model that streams within this JVM. */
@Timeout(120)
class LangChain4jRecipesTest {

    private final LangChain4jSnippets recipes = new LangChain4jSnippets();

    @Test
    @Tag("slow")
    void noCancellationLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, service) -> {
            CompletableFuture<Slot> turn = gate.slotAsync();
            ChatReader reader = new ChatReader();
            new GatedStreamingChatModel(() -> turn, new FakeStreamingChatModel(service)).chat("prompt", reader);
            return () -> {
                turn.cancel(false);
                reader.go();
            };
        });
    }

    @Test
    @Tag("slow")
    void noCancellationOfATokenStreamLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, service) -> {
            var assistant = AiServices.create(LangChain4jSnippets.Assistant.class, new FakeStreamingChatModel(service));
            var answer = recipes.inSlot(gate, () -> assistant.chat("prompt"), token -> {});
            return () -> answer.cancel(true);
        });
    }

    @Test
    void manyPromptsRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3);
                FakeModel service = new FakeModel()) {
            StreamingChatModel gated =
                    new GatedStreamingChatModel(gate::slotAsync, new FakeStreamingChatModel(service));
            List<CompletableFuture<ChatResponse>> ends = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                ChatReader reader = new ChatReader();
                gated.chat("prompt " + i, reader);
                ends.add(reader.end);
            }
            ends.forEach(CompletableFuture::join);

            assertThat(service.completed).hasValue(200);
            assertThat(service.most).hasValue(3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aModelThatThrowsGivesTheSlotBack() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            IllegalStateException broken = new IllegalStateException("broken");
            StreamingChatModel model = new StreamingChatModel() {
                @Override
                public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
                    throw broken;
                }
            };
            ChatReader reader = new ChatReader();
            new GatedStreamingChatModel(gate::slotAsync, model).chat("prompt", reader);

            assertThatThrownBy(reader.end::join).hasCause(broken);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aRequestThatWaitsForTooLongLeavesTheLine() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel service = new FakeModel()) {
            Slot held = gate.slot();
            ChatReader reader = new ChatReader();
            new GatedStreamingChatModel(
                            () -> gate.slotAsync().orTimeout(1, TimeUnit.MILLISECONDS),
                            new FakeStreamingChatModel(service))
                    .chat("prompt", reader);

            assertThatThrownBy(reader.end::join).hasCauseInstanceOf(TimeoutException.class);
            assertThat(gate.snapshot().waiting()).isZero();
            held.close();
            assertThat(service.started).hasValue(0);
        }
    }

    @Test
    void aClosedGateFailsTheRequest() {
        AdaptiveCpuGate gate = Races.gate(1);
        gate.close();
        try (FakeModel service = new FakeModel()) {
            ChatReader reader = new ChatReader();
            recipes.impatient(gate, new FakeStreamingChatModel(service)).chat("prompt", reader);

            assertThatThrownBy(reader.end::join).hasCauseInstanceOf(GateClosedException.class);
        }
    }

    @Test
    void aTokenStreamThatCannotStartGivesTheSlotBack() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            IllegalStateException broken = new IllegalStateException("broken");
            CompletableFuture<ChatResponse> answer = recipes.inSlot(
                    gate,
                    () -> {
                        throw broken;
                    },
                    token -> {});

            assertThatThrownBy(answer::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCause(broken);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    private static ChatModel blocking(Function<ChatRequest, ChatResponse> answer) {
        return new ChatModel() {
            @Override
            public ChatResponse doChat(ChatRequest request) {
                return answer.apply(request);
            }
        };
    }

    @Test
    void aBlockingRequestRunsInASlot() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            ChatModel gated = recipes.blocking(
                    gate,
                    blocking(request -> ChatResponse.builder()
                            .aiMessage(AiMessage.from(
                                    "in flight: " + gate.snapshot().inFlight()))
                            .build()));

            assertThat(gated.chat("prompt")).isEqualTo("in flight: 1");
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aBlockingRequestThatIsRefusedLowersTheCeiling() {
        try (AdaptiveCpuGate gate = Races.gate(4)) {
            ChatModel gated = recipes.blocking(gate, blocking(request -> {
                throw new RateLimitException("slow down");
            }));

            assertThatThrownBy(() -> gated.chat("prompt")).isInstanceOf(RateLimitException.class);
            assertThat(gate.snapshot().rateLimited()).isEqualTo(1);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void anInterruptInLineEndsABlockingRequest() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            Slot held = gate.slot();
            ChatModel gated = recipes.blocking(gate, blocking(request -> null));
            Thread.currentThread().interrupt();

            assertThatThrownBy(() -> gated.chat("prompt"))
                    .isInstanceOf(LangChain4jException.class)
                    .hasCauseInstanceOf(InterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(gate.snapshot().waiting()).isZero();
            held.close();
        }
    }
}
