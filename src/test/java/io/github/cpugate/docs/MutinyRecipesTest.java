package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the recipes of docs/streams/mutiny.md. */
@Timeout(120)
class MutinyRecipesTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final MutinySnippets recipes = new MutinySnippets();

    private static Multi<String> stream(FakeModel model) {
        return Multi.createFrom()
                .emitter(emitter -> emitter.onTermination(model.stream(emitter::emit, emitter::complete)));
    }

    @Test
    @Tag("slow")
    void noCancellationLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, model) ->
                recipes.inSlot(gate, () -> stream(model)).subscribe().with(token -> {})::cancel);
    }

    @Test
    @Tag("slow")
    void noCancellationOfAUniLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, model) ->
                recipes.inSlotUni(gate, () -> stream(model).collect().asList())
                        .subscribe()
                        .with(tokens -> {}, failure -> {})::cancel);
    }

    @Test
    void manyPromptsRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3);
                FakeModel model = new FakeModel()) {
            List<String> tokens = Multi.createFrom()
                    .range(0, 200)
                    .onItem()
                    .transformToMulti(prompt -> recipes.inSlot(gate, () -> stream(model)))
                    .merge(200)
                    .collect()
                    .asList()
                    .await()
                    .atMost(LONG);

            assertThat(tokens).hasSize(1000);
            assertThat(model.most).hasValue(3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void firstItemsAreEnough() {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            List<String> tokens = recipes.inSlot(gate, () -> stream(model))
                    .select()
                    .first(2)
                    .collect()
                    .asList()
                    .await()
                    .atMost(LONG);

            assertThat(tokens).containsExactly("token 0", "token 1");
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }
}
