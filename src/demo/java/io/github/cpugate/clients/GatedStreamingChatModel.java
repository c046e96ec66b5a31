package io.github.cpugate.clients;

import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatRequestOptions;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.github.cpugate.Slot;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Runs each request to a model of LangChain4j in a slot of its own, from when it is sent until its stream has
 * completed, failed or been cancelled. The slot is given back before the handler learns of the end, and so before tools
 * run.
 */
public final class GatedStreamingChatModel implements StreamingChatModel {

    private final Supplier<CompletableFuture<Slot>> line;
    private final StreamingChatModel model;

    /**
     * Puts a model behind a line.
     *
     * @param line lines up for a slot, as {@code gate::slotAsync} does
     */
    public GatedStreamingChatModel(Supplier<CompletableFuture<Slot>> line, StreamingChatModel model) {
        this.line = line;
        this.model = model;
    }

    @Override
    public void chat(ChatRequest request, ChatRequestOptions options, StreamingChatResponseHandler handler) {
        var unused = line.get().whenComplete((slot, refusal) -> {
            if (refusal != null) {
                handler.onError(refusal);
                return;
            }
            try {
                model.chat(request, options, new Session(slot, handler));
            } catch (Throwable t) {
                slot.close();
                handler.onError(t);
            }
        });
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return model.defaultRequestParameters();
    }

    @Override
    public ModelProvider provider() {
        return model.provider();
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return model.supportedCapabilities();
    }

    /** A request in its slot. */
    private record Session(Slot slot, StreamingChatResponseHandler handler) implements StreamingChatResponseHandler {

        /** A cancellation need not be followed by a callback, so the handle gives the slot back. */
        private StreamingHandle inSlot(StreamingHandle handle) {
            return new StreamingHandle() {
                @Override
                public void cancel() {
                    handle.cancel();
                    slot.close();
                }

                @Override
                public boolean isCancelled() {
                    return handle.isCancelled();
                }
            };
        }

        /** If a callback throws, the model tells {@code onError} and goes on; so this ends the stream. */
        private static void call(Runnable callback, StreamingHandle handle) {
            try {
                callback.run();
            } catch (Throwable t) {
                try {
                    handle.cancel();
                } catch (RuntimeException unsupported) {
                    t.addSuppressed(unsupported);
                }
                throw t;
            }
        }

        @Override
        public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
            StreamingHandle handle = inSlot(context.streamingHandle());
            call(() -> handler.onPartialResponse(part, new PartialResponseContext(handle)), handle);
        }

        @Override
        public void onPartialThinking(PartialThinking part, PartialThinkingContext context) {
            StreamingHandle handle = inSlot(context.streamingHandle());
            call(() -> handler.onPartialThinking(part, new PartialThinkingContext(handle)), handle);
        }

        @Override
        public void onPartialToolCall(PartialToolCall part, PartialToolCallContext context) {
            StreamingHandle handle = inSlot(context.streamingHandle());
            call(() -> handler.onPartialToolCall(part, new PartialToolCallContext(handle)), handle);
        }

        @Override
        public void onPartialResponse(String part) {
            handler.onPartialResponse(part);
        }

        @Override
        public void onPartialThinking(PartialThinking part) {
            handler.onPartialThinking(part);
        }

        @Override
        public void onPartialToolCall(PartialToolCall part) {
            handler.onPartialToolCall(part);
        }

        @Override
        public void onCompleteToolCall(CompleteToolCall call) {
            handler.onCompleteToolCall(call);
        }

        @Override
        public void onUnmappedRawEvent(Object event) {
            handler.onUnmappedRawEvent(event);
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            slot.close();
            handler.onCompleteResponse(response);
        }

        @Override
        public void onError(Throwable failure) {
            if (failure instanceof RateLimitException) {
                slot.rateLimited();
            }
            slot.close();
            handler.onError(failure);
        }
    }
}
