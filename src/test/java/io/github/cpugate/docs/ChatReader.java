package io.github.cpugate.docs;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Reads a stream of LangChain4j until it does not want to any more. */
class ChatReader implements StreamingChatResponseHandler {

    final CompletableFuture<ChatResponse> end = new CompletableFuture<>();
    final AtomicInteger ends = new AtomicInteger();
    private volatile boolean gone;
    volatile @Nullable StreamingHandle handle; // null until the first token

    @Override
    public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
        handle = context.streamingHandle();
        if (gone) {
            context.streamingHandle().cancel();
        }
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
        ends.incrementAndGet();
        end.complete(response);
    }

    @Override
    public void onError(Throwable failure) {
        ends.incrementAndGet();
        end.completeExceptionally(failure);
    }

    void go() {
        gone = true;
        StreamingHandle last = handle;
        if (last != null) {
            last.cancel();
        }
    }
}
