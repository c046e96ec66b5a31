package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.RunnableTests;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The snippet for virtual threads of docs/streams/structured-concurrency.md, with its tests: a source for Java 21. */
@Timeout(60)
public class VirtualThreadsRecipes {

    public static void main(String[] arguments) {
        RunnableTests.run(VirtualThreadsRecipes.class);
    }

    private static String stream(FakeModel client, String prompt) throws InterruptedException {
        return client.ask(prompt);
    }

    private static List<String> prompts(int number) {
        return IntStream.range(0, number).mapToObj(i -> "prompt " + i).toList();
    }

    List<String> answers(AdaptiveCpuGate gate, FakeModel client, List<String> prompts) throws Exception {
        List<String> texts = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> answers = new ArrayList<>();
            for (String prompt : prompts) {
                answers.add(threads.submit(() -> gate.call(() -> stream(client, prompt))));
            }
            for (Future<String> answer : answers) {
                texts.add(answer.get());
            }
        }
        return texts;
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
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Races.assertNoSlotIsLost((gate, model) -> {
                Future<String> answer = threads.submit(() -> gate.call(() -> stream(model, "prompt")));
                return () -> answer.cancel(true);
            });
        }
    }

    @Test
    void shutdownNowEmptiesTheLine() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            var held = gate.slot();
            Future<String> answer;
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                answer = threads.submit(() -> gate.call(() -> stream(model, "prompt")));
                Await.until("in line", () -> gate.snapshot().waiting() == 1);
                threads.shutdownNow();
            }

            assertThatThrownBy(answer::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(InterruptedException.class);
            assertThat(gate.snapshot().waiting()).isZero();
            held.close();
            assertThat(model.started).hasValue(0);
        }
    }
}
