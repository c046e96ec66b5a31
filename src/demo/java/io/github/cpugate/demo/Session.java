package io.github.cpugate.demo;

import com.anthropic.client.AnthropicClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.Tool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * One session of the batch: an agent that has some questions answered at once, as many as make it ask for its share of
 * this machine, each answer streamed into a {@link View} of its own.
 */
public final class Session {

    private static final Tool TOOL = Tool.builder()
            .name("record_summary")
            .description("Records a summary of the answer. Call it once, after the answer.")
            .inputSchema(Tool.InputSchema.builder()
                    .properties(Tool.InputSchema.Properties.builder()
                            .putAdditionalProperty("title", JsonValue.from(Map.of("type", "string")))
                            .putAdditionalProperty(
                                    "points",
                                    JsonValue.from(Map.of("type", "array", "items", Map.of("type", "string"))))
                            .build())
                    .build())
            .build();

    private static final String CONVERSATION = Markdown.ofLength(4_000, 1);

    private final AnthropicClient client;
    private final MessageCreateParams request;
    private final int streams;
    private final long nanosPerPiece;

    /**
     * A session of {@code streams} answers of up to {@code maxTokens} tokens each, whose pieces cost so much CPU time.
     */
    Session(AnthropicClient client, String model, int maxTokens, int streams, long nanosPerPiece) {
        this.client = client;
        this.request = MessageCreateParams.builder()
                .model(model)
                .maxTokens(maxTokens)
                .addTool(TOOL)
                .addUserMessage(
                        "Explain in Markdown, with headings, lists and code, how backpressure keeps a streaming "
                                + "system stable. Then call record_summary.")
                .build();
        this.streams = streams;
        this.nanosPerPiece = nanosPerPiece;
    }

    /** Runs the session to its end, and returns the characters that its views show. */
    public long run() throws InterruptedException {
        List<FutureTask<Long>> others = new ArrayList<>();
        for (int i = 1; i < streams; i++) {
            FutureTask<Long> other = new FutureTask<>(this::stream);
            others.add(other);
            Thread thread = new Thread(other, "session-stream");
            thread.setDaemon(true);
            thread.start();
        }
        long shown = stream();
        for (FutureTask<Long> other : others) {
            try {
                shown += other.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        }
        return shown;
    }

    private long stream() {
        View view = new View(CONVERSATION, nanosPerPiece);
        MessageAccumulator accumulator = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(request)) {
            events.stream().forEach(event -> {
                accumulator.accumulate(event);
                event.contentBlockDelta().ifPresent(block -> {
                    block.delta().text().ifPresent(delta -> view.text(delta.text()));
                    block.delta().inputJson().ifPresent(delta -> view.toolArguments(delta.partialJson()));
                });
            });
        }
        Message message = accumulator.message();
        if (message.stopReason().isEmpty() || view.html().isEmpty()) {
            throw new IllegalStateException("an answer ended without a text or a stop reason");
        }
        return view.html().length();
    }
}
