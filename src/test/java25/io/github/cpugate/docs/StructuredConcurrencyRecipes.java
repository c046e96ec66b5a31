package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.RunnableTests;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.StructuredTaskScope;
import java.util.concurrent.StructuredTaskScope.FailedException;
import java.util.concurrent.StructuredTaskScope.Joiner;
import java.util.concurrent.StructuredTaskScope.Subtask;
import java.util.concurrent.StructuredTaskScope.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The snippets of docs/streams/structured-concurrency.md, with their tests: a source for Java 25, in which structured
 * concurrency is a preview.
 */
@Timeout(60)
public class StructuredConcurrencyRecipes {

    public static void main(String[] arguments) {
        RunnableTests.run(StructuredConcurrencyRecipes.class);
    }

    private static String stream(FakeModel client, String prompt) throws InterruptedException {
        return client.ask(prompt);
    }

    private static List<String> prompts(int number) {
        return IntStream.range(0, number).mapToObj(i -> "prompt " + i).toList();
    }

    static List<String> answers(AdaptiveCpuGate gate, FakeModel client, List<String> prompts) throws Exception {
        try (var scope = StructuredTaskScope.open(Joiner.<String>allSuccessfulOrThrow())) {
            for (String prompt : prompts) {
                scope.fork(() -> gate.call(() -> stream(client, prompt)));
            }
            return scope.join().map(Subtask::get).toList();
        }
    }

    static List<String> answersOfAgents(AdaptiveCpuGate gate, FakeModel client, List<String> prompts) throws Exception {
        try (Slot slot = gate.slot()) {
            return slot.whilePaused(() -> answers(gate, client, prompts)); // others use the slot meanwhile
        }
    }

    static String firstAnswer(AdaptiveCpuGate gate, FakeModel client, List<String> prompts) throws Exception {
        try (var scope = StructuredTaskScope.open(
                Joiner.<String>anySuccessfulResultOrThrow(), options -> options.withTimeout(Duration.ofSeconds(30)))) {
            prompts.forEach(prompt -> scope.fork(() -> gate.call(() -> stream(client, prompt))));
            return scope.join();
        }
    }

    @Test
    void manyPromptsRunInTheSlots() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(3);
                FakeModel model = new FakeModel()) {
            assertThat(answers(gate, model, prompts(200))).hasSize(200).startsWith("answer to prompt 0");

            assertThat(model.most).hasValue(3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void noCancellationLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, model) -> {
            Thread owner = Thread.startVirtualThread(() -> {
                try {
                    answers(gate, model, List.of("prompt"));
                } catch (Exception e) {
                    // interrupted
                }
            });
            return owner::interrupt;
        });
    }

    @Test
    void aFailureTakesTheOthersOutOfTheLine() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            Slot held = gate.slot();
            try (var scope = StructuredTaskScope.open()) {
                for (int i = 0; i < 3; i++) {
                    scope.fork(() -> gate.call(() -> stream(model, "prompt")));
                }
                scope.fork(() -> {
                    Await.until("in line", () -> gate.snapshot().waiting() == 3);
                    throw new IllegalStateException("broken");
                });
                assertThatThrownBy(scope::join).isInstanceOf(FailedException.class);
            }

            assertThat(gate.snapshot().waiting()).isZero();
            held.close();
            assertThat(gate.snapshot().inFlight()).isZero();
            assertThat(model.started).hasValue(0);
        }
    }

    @Test
    void theFirstAnswerEndsTheOthers() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(2);
                FakeModel model = new FakeModel()) {
            assertThat(firstAnswer(gate, model, prompts(8))).startsWith("answer to prompt");

            assertThat(gate.snapshot()).matches(now -> now.inFlight() == 0 && now.waiting() == 0);
            assertThat(model.running).hasValue(0);
        }
    }

    @Test
    void aTimeoutTakesForksOutOfTheLine() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel();
                Slot held = gate.slot()) {
            try (var scope = StructuredTaskScope.open(
                    Joiner.<String>allSuccessfulOrThrow(), options -> options.withTimeout(Duration.ofMillis(20)))) {
                scope.fork(() -> gate.call(() -> stream(model, "prompt")));
                assertThatThrownBy(scope::join).isInstanceOf(TimeoutException.class);
            }

            assertThat(gate.snapshot().waiting()).isZero();
            assertThat(model.started).hasValue(0);
        }
    }

    @Test
    void aSessionThatPausesForItsForksNeedsOneSlot() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            assertThat(answersOfAgents(gate, model, prompts(8))).hasSize(8);

            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    /** What not to write. */
    @Test
    void aSessionThatDoesNotPauseWaitsForForksThatWaitForItsSlot() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel();
                Slot held = gate.slot();
                var scope = StructuredTaskScope.open(
                        Joiner.awaitAllSuccessfulOrThrow(), options -> options.withTimeout(Duration.ofMillis(20)))) {
            scope.fork(() -> gate.call(() -> stream(model, "prompt")));

            assertThatThrownBy(scope::join).isInstanceOf(TimeoutException.class);
        }
    }

    /** What not to write. */
    @Test
    void aSlotTakenForAForkThatDoesNotStartIsLost() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            try (var scope = StructuredTaskScope.open()) {
                scope.fork(() -> {
                    throw new IllegalStateException("broken");
                });
                Await.until("cancelled", scope::isCancelled);
                Slot slot = gate.slot();
                scope.fork(() -> {
                    try (slot) {
                        return stream(model, "prompt");
                    }
                });
                assertThatThrownBy(scope::join).isInstanceOf(FailedException.class);
            }

            assertThat(gate.snapshot().inFlight()).isEqualTo(1);
        }
    }
}
