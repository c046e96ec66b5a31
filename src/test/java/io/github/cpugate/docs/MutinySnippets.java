package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** The snippets of docs/streams/mutiny.md. */
class MutinySnippets {

    <T> Multi<T> inSlot(AdaptiveCpuGate gate, Supplier<Multi<T>> stream) {
        return Multi.createFrom().publisher(gate.publisher(stream));
    }

    <T> Uni<T> inSlotUni(AdaptiveCpuGate gate, Supplier<Uni<T>> call) {
        Supplier<CompletionStage<T>> inSlot =
                () -> gate.callAsync(() -> call.get().subscribeAsCompletionStage());
        return Uni.createFrom().completionStage(inSlot);
    }
}
