package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateClosedException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Tests the recipes of docs/streams/reactor.md. */
@Timeout(120)
class ReactorRecipesTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    /** A session that is cancelled while it is being started may overlap with the next one for that moment. */
    private static final int AT_MOST = 8;

    private final ReactorSnippets recipes = new ReactorSnippets();

    private static Flux<String> stream(FakeModel model) {
        return Flux.create(sink -> sink.onDispose(model.stream(sink::next, sink::complete)::run));
    }

    @Test
    @Tag("slow")
    void noCancellationLosesASlot() throws Exception {
        Races.assertNoSlotIsLost(
                (gate, model) -> recipes.inSlot(gate, () -> stream(model)).subscribe()::dispose);
    }

    @Test
    @Tag("slow")
    void noCancellationOfAMonoLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, model) ->
                recipes.inSlotMono(gate, () -> stream(model).then(Mono.just(1))).subscribe()::dispose);
    }

    @Test
    @Tag("slow")
    void noCancellationOfUsingLosesASlot() throws Exception {
        Races.assertNoSlotIsLost(
                (gate, model) -> recipes.using(gate, () -> stream(model)).subscribe()::dispose, AT_MOST);
    }

    @Test
    void manyPromptsRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3);
                FakeModel model = new FakeModel()) {
            long tokens = Flux.range(0, 200)
                    .flatMap(prompt -> recipes.inSlot(gate, () -> stream(model)), 200)
                    .count()
                    .block(LONG);

            assertThat(tokens).isEqualTo(1000);
            assertThat(model.most).hasValue(3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void eachRepetitionWaitsForASlotOfItsOwn() {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            recipes.inSlot(gate, () -> stream(model)).repeat(4).blockLast(LONG);

            assertThat(gate.snapshot().admitted()).isEqualTo(5);
        }
    }

    @Test
    void aTimeoutInLineLeavesTheLine() throws Exception {
        try (AdaptiveCpuGate gate = Races.gate(1);
                FakeModel model = new FakeModel()) {
            var held = gate.slot();
            Throwable failure = recipes.inSlot(gate, () -> stream(model))
                    .timeout(Duration.ofMillis(20))
                    .then(Mono.<Throwable>empty())
                    .onErrorResume(Mono::just)
                    .block(LONG);

            assertThat(failure).isInstanceOf(TimeoutException.class);
            assertThat(gate.snapshot().waiting()).isZero();
            held.close();
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void failuresGiveTheSlotBack() {
        try (AdaptiveCpuGate gate = Races.gate(1)) {
            for (int i = 0; i < 3; i++) {
                String seen = recipes.<String>inSlot(gate, () -> Flux.error(new IllegalStateException("broken")))
                        .onErrorResume(failure -> Flux.just(failure.getMessage()))
                        .blockLast(LONG);
                assertThat(seen).isEqualTo("broken");
                String thrown = recipes.<String>inSlot(gate, () -> {
                            throw new IllegalStateException("not begun");
                        })
                        .onErrorResume(failure -> Flux.just(failure.getMessage()))
                        .blockLast(LONG);
                assertThat(thrown).isEqualTo("not begun");
            }
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }

    @Test
    void aClosedGateFailsTheStream() {
        AdaptiveCpuGate gate = Races.gate(1);
        gate.close();

        Class<?> failure = recipes.<Object>inSlot(gate, Flux::empty)
                .onErrorResume(thrown -> Flux.just(thrown.getClass()))
                .cast(Class.class)
                .blockLast(LONG);

        assertThat(failure).isEqualTo(GateClosedException.class);
    }
}
