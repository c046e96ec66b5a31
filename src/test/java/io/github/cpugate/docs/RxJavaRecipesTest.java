package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.reactivex.rxjava3.core.BackpressureStrategy;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.disposables.Disposable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests the recipes of docs/streams/rxjava.md. */
@Timeout(120)
class RxJavaRecipesTest {

    private final RxJavaSnippets recipes = new RxJavaSnippets();

    private static Flowable<String> stream(FakeModel model) {
        return Flowable.create(
                sink -> sink.setDisposable(Disposable.fromRunnable(model.stream(sink::onNext, sink::onComplete))),
                BackpressureStrategy.BUFFER);
    }

    @Test
    @Tag("slow")
    void noCancellationLosesASlot() throws Exception {
        Races.assertNoSlotIsLost((gate, model) ->
                recipes.inSlot(gate, () -> stream(model)).subscribe(token -> {}, failure -> {})::dispose);
    }

    @Test
    @Tag("slow")
    void noCancellationOfASingleLosesASlot() throws Exception {
        Races.assertNoSlotIsLost(
                (gate, model) -> recipes.inSlotSingle(gate, () -> stream(model).toList())
                        .subscribe(tokens -> {}, failure -> {})::dispose);
    }

    @Test
    void manyPromptsRunInTheSlots() {
        try (AdaptiveCpuGate gate = Races.gate(3);
                FakeModel model = new FakeModel()) {
            long tokens = Flowable.range(0, 200)
                    .flatMap(prompt -> recipes.inSlot(gate, () -> stream(model)), 200)
                    .count()
                    .blockingGet();

            assertThat(tokens).isEqualTo(1000);
            assertThat(model.most).hasValue(3);
            assertThat(gate.snapshot().inFlight()).isZero();
        }
    }
}
