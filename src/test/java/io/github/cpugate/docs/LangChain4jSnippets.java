package io.github.cpugate.docs;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.clients.GatedChatModel;
import io.github.cpugate.clients.GatedStreamingChatModel;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The snippets of docs/streams/langchain4j.md. */
class LangChain4jSnippets {

    interface Assistant {
        TokenStream chat(String prompt);
    }

    Assistant assistant(AdaptiveCpuGate gate, StreamingChatModel model, Object tools) {
        StreamingChatModel gated = new GatedStreamingChatModel(gate::slotAsync, model);
        Assistant assistant = AiServices.builder(Assistant.class)
                .streamingChatModel(gated)
                .tools(tools)
                .build();
        return assistant;
    }

    StreamingChatModel impatient(AdaptiveCpuGate gate, StreamingChatModel model) {
        return new GatedStreamingChatModel(() -> gate.slotAsync().orTimeout(30, TimeUnit.SECONDS), model);
    }

    ChatModel blocking(AdaptiveCpuGate gate, ChatModel model) {
        ChatModel gated = new GatedChatModel(gate, model);
        return gated;
    }

    CompletableFuture<ChatResponse> inSlot(AdaptiveCpuGate gate, Supplier<TokenStream> stream, Consumer<String> token) {
        return gate.callAsync(() -> {
            AtomicBoolean unwanted = new AtomicBoolean();
            CompletableFuture<ChatResponse> end = new CompletableFuture<>() {
                @Override
                public boolean cancel(boolean mayInterrupt) {
                    unwanted.set(true); // the slot is held until the stream has ended
                    return false;
                }
            };
            stream.get() // such as assistant.chat(prompt), a TokenStream
                    .onPartialResponseWithContext((part, context) -> {
                        try {
                            if (unwanted.get()) {
                                throw new CancellationException();
                            }
                            token.accept(part.text());
                        } catch (RuntimeException e) {
                            context.streamingHandle().cancel(); // LangChain4j would go on with the stream
                            throw e; // to onError
                        }
                    })
                    .onCompleteResponse(end::complete)
                    .onError(end::completeExceptionally)
                    .start();
            return end;
        });
    }
}
