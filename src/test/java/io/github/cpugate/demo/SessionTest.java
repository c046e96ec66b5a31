package io.github.cpugate.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tests a short session of the demo with the real client and the server on loopback. */
@Tag("slow")
class SessionTest {

    private final ModelServer server = new ModelServer();
    private final AnthropicClient client = AnthropicOkHttpClient.builder()
            .apiKey("none")
            .baseUrl(server.baseUrl())
            .maxRetries(0)
            .build();

    SessionTest() throws Exception {}

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void theServerImplementsTheMessagesApi() {
        MessageAccumulator accumulator = MessageAccumulator.create();
        MessageCreateParams request = MessageCreateParams.builder()
                .model("some-model")
                .maxTokens(2L * ModelServer.TOKENS_PER_PIECE)
                .addUserMessage("hello")
                .build();
        try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(request)) {
            events.stream().forEach(accumulator::accumulate);
        }

        var message = accumulator.message();
        assertThat(message.stopReason()).contains(StopReason.TOOL_USE);
        assertThat(message.model().asString()).isEqualTo("some-model");
        List<ContentBlock> content = message.content();
        assertThat(content.get(0).asText().text()).startsWith("## Part 1");
        assertThat(content.get(1).asToolUse()._input().toString()).contains("point 19");
    }

    @Test
    void aSessionRendersAllItsAnswers() throws InterruptedException {
        long one = new Session(client, "m", 10, 1, 0).run();
        long three = new Session(client, "m", 10, 3, 0).run();

        assertThat(one).isPositive();
        assertThat(three).isGreaterThan(2 * one);
    }

    @Test
    void aBatchRunsEverySessionUnderTheLimit() throws Exception {
        List<Tick> ticks = new ArrayList<>();
        Batch batch = new Batch(
                Collections.nCopies(3, new Session(client, "m", 5, 1, 0)), () -> CpuSample.of(50), ticks::add);

        RunResult run = batch.run(Limiter.fixed(2), () -> 0, null);
        assertThat(run.wallSeconds()).hasSize(3);
        assertThat(ticks)
                .isNotEmpty()
                .allSatisfy(tick -> assertThat(tick.inFlight()).isLessThanOrEqualTo(2));
    }

    @Test
    void aRefusedSessionIsRetriedAndTheGateCutsItsLimit() throws Exception {
        ApiLimit limit = new ApiLimit(List.of(1));
        server.limit(limit);
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> CpuSample.of(50))
                .initialSlots(3)
                .build();
        Batch batch = new Batch(
                Collections.nCopies(4, new Session(client, "m", 5, 1, 0)), () -> CpuSample.of(50), tick -> {});

        RunResult run = batch.run(Limiter.gate(gate), () -> 0, null);

        assertThat(run.wallSeconds()).doesNotContainNull();
        assertThat(limit.refusals().requests()).isEqualTo(4 + limit.refusals().refused());
        assertThat(gate.snapshot().rateLimited())
                .isEqualTo(limit.refusals().refused())
                .isPositive();
        assertThat(gate.snapshot().limit()).isLessThan(3);
    }

    @Test
    void theApiLimitMovesWithTheBatchAndCountsLateRefusalsApart() {
        ApiLimit limit = new ApiLimit(List.of(3, 1, 2));

        assertThat(limit.now()).isEqualTo(3);
        limit.progress(3, 10);
        assertThat(limit.now()).isEqualTo(3);
        limit.progress(4, 10);
        assertThat(limit.now()).isEqualTo(1);
        assertThat(limit.begin()).isTrue();
        assertThat(limit.begin()).isFalse();
        limit.end();
        assertThat(limit.begin()).isTrue();
        limit.progress(10, 10);
        assertThat(limit.now()).isEqualTo(2);
        assertThat(limit.refusals()).isEqualTo(new ApiLimit.Refusals(3, 1, 0, 0));
    }

    @Test
    void aSessionThatFailsEndsTheBatch() {
        server.close();
        Batch batch = new Batch(
                Collections.nCopies(3, new Session(client, "m", 5, 1, 0)), () -> CpuSample.of(50), tick -> {});

        assertThatThrownBy(() -> batch.run(Limiter.fixed(2), () -> 0, null)).hasMessageContaining("a session failed");
    }
}
