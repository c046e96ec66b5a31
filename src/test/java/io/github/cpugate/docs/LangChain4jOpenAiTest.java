package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.service.AiServices;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.clients.GatedStreamingChatModel;
import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the recipes of docs/streams/langchain4j.md with LangChain4j's model of OpenAI and its AI services. */
@Timeout(60)
class LangChain4jOpenAiTest {

    private final LangChain4jSnippets recipes = new LangChain4jSnippets();
    private OpenAiServer server;

    @BeforeEach
    void start() throws IOException {
        server = new OpenAiServer();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private StreamingChatModel model(String name) {
        return OpenAiStreamingChatModel.builder()
                .baseUrl(server.url())
                .apiKey("none")
                .modelName(name)
                .build();
    }

    private ChatReader ask(AdaptiveCpuGate gate, String model, ChatReader reader) {
        new GatedStreamingChatModel(gate::slotAsync, model(model)).chat("What is the weather?", reader);
        return reader;
    }

    /** Notes how many slots are held while the tool runs. */
    static final class Weather {

        private final AdaptiveCpuGate gate;
        private final List<Integer> held = new ArrayList<>();

        Weather(AdaptiveCpuGate gate) {
            this.gate = gate;
        }

        @Tool("the weather")
        String weather() {
            held.add(gate.snapshot().inFlight());
            return "sunny";
        }
    }

    @Test
    void manyRequestsRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3)) {
            StreamingChatModel gated = new GatedStreamingChatModel(gate::slotAsync, model("text"));
            List<ChatReader> readers = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                ChatReader reader = new ChatReader();
                gated.chat("prompt", reader);
                readers.add(reader);
            }

            assertThat(readers)
                    .allSatisfy(
                            reader -> assertThat(reader.end.join().aiMessage().text())
                                    .isEqualTo("token ".repeat(OpenAiServer.TOKENS)));
            assertThat(server.most.get()).isBetween(1, 3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void toCancelTheHandleGivesTheSlotBack() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            ChatReader reader = ask(gate, "endless", new ChatReader());
            Await.until("a token has come", () -> reader.handle != null);
            assertThat(gate.snapshot().inFlight()).isEqualTo(1);

            reader.handle.cancel();

            assertThat(reader.handle.isCancelled()).isTrue();
            assertThat(gate.snapshot().inFlight()).isZero();
            Await.until("no session runs", () -> server.running.get() == 0);
        }
    }

    @Test
    void afterACancellationWithinACallbackNoneComesAndTheSlotIsFree() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            ChatReader reader = new ChatReader();
            reader.go();
            ask(gate, "endless", reader);

            Await.until("a token has come", () -> reader.handle != null);
            Await.until("no slot is held", () -> gate.snapshot().inFlight() == 0);
            Await.until("no session runs", () -> server.running.get() == 0);
            assertThat(reader.ends).hasValue(0);
        }
    }

    @Test
    void aCallbackThatThrowsEndsTheStream() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            IllegalStateException gone = new IllegalStateException("the reader is gone");
            ChatReader reader = ask(gate, "endless", new ChatReader() {
                @Override
                public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
                    throw gone;
                }
            });

            assertThatThrownBy(reader.end::join).hasCause(gone);
            assertThat(gate.snapshot().inFlight()).isZero();
            Await.until("no session runs", () -> server.running.get() == 0);
            assertThat(reader.ends).hasValue(1);
        }
    }

    @Test
    void aConnectionThatBreaksGivesTheSlotBack() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            ChatReader reader = ask(gate, "broken", new ChatReader());

            assertThatThrownBy(reader.end::join).hasCauseInstanceOf(LangChain4jException.class);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aRefusalLowersTheCeiling() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            ChatReader reader = ask(gate, "refused", new ChatReader());

            assertThatThrownBy(reader.end::join).hasCauseInstanceOf(RateLimitException.class);
            assertThat(gate.snapshot().rateLimited()).isEqualTo(1);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void noSlotIsHeldWhileAToolRuns() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            Weather weather = new Weather(gate);
            CompletableFuture<ChatResponse> end = new CompletableFuture<>();
            recipes.assistant(gate, model("text"), weather)
                    .chat("What is the weather?")
                    .onCompleteResponse(end::complete)
                    .onError(end::completeExceptionally)
                    .start();

            assertThat(end.join().aiMessage().text()).startsWith("token");
            assertThat(weather.held).containsExactly(0);
            assertThat(gate.snapshot().admitted()).isEqualTo(2);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aTokenStreamHoldsItsSlotWhileAToolRuns() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            Weather weather = new Weather(gate);
            var assistant = AiServices.builder(LangChain4jSnippets.Assistant.class)
                    .streamingChatModel(model("text"))
                    .tools(weather)
                    .build();
            Queue<String> answer = new ConcurrentLinkedQueue<>();
            recipes.inSlot(gate, () -> assistant.chat("What is the weather?"), answer::add)
                    .join();

            assertThat(answer).hasSize(OpenAiServer.TOKENS).containsOnly("token ");
            assertThat(weather.held).containsExactly(1);
            assertThat(gate.snapshot().admitted()).isEqualTo(1);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aTokenStreamWhoseFutureIsCancelledEndsAtItsNextToken() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            var assistant = AiServices.create(LangChain4jSnippets.Assistant.class, model("endless"));
            AtomicInteger tokens = new AtomicInteger();
            var endless = recipes.inSlot(gate, () -> assistant.chat("prompt"), token -> tokens.incrementAndGet());
            var inLine = recipes.inSlot(gate, () -> assistant.chat("prompt"), token -> {});
            Await.until("a token has come", () -> tokens.get() > 0);

            inLine.cancel(true);
            assertThat(gate.snapshot().waiting()).isZero();
            endless.cancel(true);

            Await.until("no slot is held", () -> gate.snapshot().inFlight() == 0);
            Await.until("no session runs", () -> server.running.get() == 0);
        }
    }

    @Test
    void aTokenStreamWhoseReaderThrowsEnds() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            IllegalStateException gone = new IllegalStateException("the reader is gone");
            var assistant = AiServices.create(LangChain4jSnippets.Assistant.class, model("endless"));
            var answer = recipes.inSlot(gate, () -> assistant.chat("prompt"), token -> {
                throw gone;
            });

            assertThatThrownBy(answer::join).hasCause(gone);
            assertThat(gate.snapshot().inFlight()).isZero();
            Await.until("no session runs", () -> server.running.get() == 0);
        }
    }
}
