package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
import java.util.function.Supplier;
import org.reactivestreams.FlowAdapters;

/** The snippets of docs/streams/rxjava.md. */
class RxJavaSnippets {

    <T> Flowable<T> inSlot(AdaptiveCpuGate gate, Supplier<Flowable<T>> stream) {
        return Flowable.fromPublisher(
                FlowAdapters.toPublisher(gate.publisher(() -> FlowAdapters.toFlowPublisher(stream.get()))));
    }

    <T> Single<T> inSlotSingle(AdaptiveCpuGate gate, Supplier<Single<T>> call) {
        return inSlot(gate, () -> call.get().toFlowable()).singleOrError();
    }
}
