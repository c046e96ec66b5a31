package io.github.cpugate.docs;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.concurrent.CompletableFuture;

/**
 * Streams from the fake service as LangChain4j's models do: a callback that throws does not end the stream, a
 * cancellation does, without a callback.
 */
record FakeStreamingChatModel(FakeModel service) implements StreamingChatModel {

    private static final ChatResponse END =
            ChatResponse.builder().aiMessage(AiMessage.from("the end")).build();

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Handle handle = new Handle();
        handle.end.complete(service.stream(
                token -> {
                    try {
                        handler.onPartialResponse(new PartialResponse(token), new PartialResponseContext(handle));
                    } catch (RuntimeException e) {
                        handler.onError(e);
                    }
                },
                () -> handler.onCompleteResponse(END)));
    }

    private static final class Handle implements StreamingHandle {

        private final CompletableFuture<Runnable> end = new CompletableFuture<>(); // the first token may come before it
        private volatile boolean cancelled;

        @Override
        public void cancel() {
            cancelled = true;
            end.join().run();
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }
    }
}
