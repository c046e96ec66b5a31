package io.github.cpugate.clients;

import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.ChatRequestOptions;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import java.util.Set;

/** Runs each request to a blocking model of LangChain4j in a slot of its own. */
public record GatedChatModel(AdaptiveCpuGate gate, ChatModel model) implements ChatModel {

    @Override
    public ChatResponse chat(ChatRequest request, ChatRequestOptions options) {
        try (Slot slot = gate.slot()) {
            try {
                return model.chat(request, options);
            } catch (RateLimitException e) {
                slot.rateLimited();
                throw e;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LangChain4jException(e);
        }
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
}
