package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;

/**
 * The three most usual ways to run a session in a slot, as in the README, and a future that waits for a limited time.
 */
class StreamSnippets {

    private final String client = "client";

    private String stream(String client, String prompt) {
        return client + prompt;
    }

    private CompletableFuture<String> streamAsync(String client, String prompt) {
        return CompletableFuture.completedFuture(client + prompt);
    }

    private Flow.Publisher<String> publisher(String client, String prompt) {
        return JdkFlowAdapter.publisherToFlowPublisher(Flux.just(client, prompt));
    }

    String blocking(AdaptiveCpuGate gate, String prompt) throws Exception {
        String answer = gate.call(() -> stream(client, prompt)); // waits on this thread
        return answer;
    }

    CompletableFuture<String> future(AdaptiveCpuGate gate, String prompt) {
        CompletableFuture<String> answer = gate.callAsync(() -> streamAsync(client, prompt)); // no thread waits
        return answer;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // that of whenComplete
    CompletableFuture<String> withADeadlineForTheWait(AdaptiveCpuGate gate, String prompt) {
        CompletableFuture<Slot> turn = gate.slotAsync().orTimeout(5, TimeUnit.SECONDS); // leaves the line
        CompletableFuture<String> answer = turn.thenCompose(slot -> streamAsync(client, prompt));
        answer.whenComplete((text, failure) -> Slot.release(turn)); // leaves the line, or closes the slot
        return answer;
    }

    Flow.Publisher<String> reactive(AdaptiveCpuGate gate, String prompt) {
        Flow.Publisher<String> tokens =
                gate.publisher(() -> publisher(client, prompt)); // Reactor, ...: docs/streams.md
        return tokens;
    }
}
