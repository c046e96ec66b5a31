package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import java.util.function.Supplier;
import reactor.adapter.JdkFlowAdapter;
import reactor.blockhound.BlockHound;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The snippets of docs/streams/reactor.md. */
class ReactorSnippets {

    <T> Flux<T> inSlot(AdaptiveCpuGate gate, Supplier<Flux<T>> stream) {
        return JdkFlowAdapter.flowPublisherToFlux(
                gate.publisher(() -> JdkFlowAdapter.publisherToFlowPublisher(stream.get())));
    }

    <T> Mono<T> inSlotMono(AdaptiveCpuGate gate, Supplier<Mono<T>> call) {
        return Mono.fromFuture(() -> gate.callAsync(() -> call.get().toFuture()));
    }

    <T> Flux<T> using(AdaptiveCpuGate gate, Supplier<Flux<T>> stream) {
        return Flux.using(
                gate::slotAsync, turn -> Mono.fromFuture(turn).flatMapMany(slot -> stream.get()), Slot::release);
    }

    void blockHound() {
        BlockHound.install(
                builder -> builder.allowBlockingCallsInside("java.util.concurrent.locks.ReentrantLock", "lock"));
    }
}
