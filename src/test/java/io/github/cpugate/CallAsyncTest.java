package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.cpu.CpuSample;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions that end with a stage. */
class CallAsyncTest {

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .maxSlots(2)
            .sampler(() -> CpuSample.of(60))
            .build();
    private final AtomicInteger calls = new AtomicInteger();
    private final CompletableFuture<String> stage = new CompletableFuture<>();

    private CompletionStage<String> work() {
        calls.incrementAndGet();
        return stage;
    }

    @AfterEach
    void close() {
        gate.close();
    }

    private void assertGate(int inFlight, int waiting) {
        assertThat(gate.snapshot()).returns(inFlight, GateSnapshot::inFlight).returns(waiting, GateSnapshot::waiting);
    }

    /** A stage of other people's making: it calls back as often as the test wants, and is no CompletableFuture. */
    private static final class Foreign {

        private final List<BiConsumer<String, Throwable>> callbacks = new ArrayList<>();

        @SuppressWarnings("unchecked")
        final CompletionStage<String> stage = (CompletionStage<String>) Proxy.newProxyInstance(
                Foreign.class.getClassLoader(), new Class<?>[] {CompletionStage.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("whenComplete")) {
                        callbacks.add((BiConsumer<String, Throwable>) arguments[0]);
                        return proxy;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });

        void complete(@Nullable String value, @Nullable Throwable failure) {
            callbacks.forEach(callback -> callback.accept(value, failure));
        }
    }

    static List<Consumer<CompletableFuture<String>>> ends() {
        return List.of(
                stage -> stage.complete("answer"),
                stage -> stage.completeExceptionally(new IOException("stream broke")),
                stage -> stage.cancel(true));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void theSlotIsHeldUntilTheStageEndsAndFreeBeforeTheResultIsSeen(Consumer<CompletableFuture<String>> end) {
        CompletableFuture<String> result = gate.callAsync(this::work);
        CompletableFuture<Integer> inFlightThen =
                result.handle((value, failure) -> gate.snapshot().inFlight());
        assertGate(1, 0);
        assertThat(result).isNotDone();

        end.accept(stage);
        assertThat(inFlightThen).isCompletedWithValue(0);
        assertThat(result.isCompletedExceptionally()).isEqualTo(stage.isCompletedExceptionally());
    }

    @Test
    void theWorkIsCalledInItsTurn() throws InterruptedException {
        Slot held = gate.slot();
        CompletableFuture<Slot> before = gate.slotAsync();
        CompletableFuture<String> result = gate.callAsync(this::work);

        held.close();
        assertThat(calls).hasValue(0);
        before.join().close();
        assertThat(calls).hasValue(1);
        stage.complete("answer");
        assertThat(result).isCompletedWithValue("answer");
        assertGate(0, 0);
    }

    static List<Supplier<CompletionStage<String>>> worksThatStartNothing() {
        return List.of(
                () -> {
                    throw new IllegalStateException("no route");
                },
                () -> {
                    throw new StackOverflowError("no route");
                },
                () -> null);
    }

    @ParameterizedTest
    @MethodSource("worksThatStartNothing")
    void workThatStartsNothingGivesItsSlotBackAtOnce(Supplier<CompletionStage<String>> work) throws Exception {
        assertThatThrownBy(() -> gate.callAsync(work).get())
                .isInstanceOf(ExecutionException.class)
                .cause()
                .hasMessageMatching("no route|the work returned null.*");
        assertGate(0, 0);

        Slot held = gate.slot();
        CompletableFuture<String> first = gate.callAsync(work);
        CompletableFuture<String> second = gate.callAsync(this::work);
        held.close();
        assertThat(first).isCompletedExceptionally();
        assertThat(calls).as("its slot went to the next in line").hasValue(1);
        assertThat(second).isNotDone();
    }

    @Test
    void cancellingTheResultTakesItOutOfTheLine() throws InterruptedException {
        Slot held = gate.slot();
        CompletableFuture<String> result = gate.callAsync(this::work);
        assertGate(1, 1);

        result.cancel(false);
        assertGate(1, 0);
        held.close();
        assertThat(calls).hasValue(0);
        assertGate(0, 0);
    }

    @Test
    void cancellingTheResultCancelsTheStageThatRuns() {
        CompletableFuture<String> result = gate.callAsync(this::work);

        result.cancel(false);
        assertThat(stage).isCancelled();
        assertGate(0, 0);
    }

    @Test
    void aResultThatTimesOutCancelsTheStageThatRuns() {
        CompletableFuture<String> result = gate.callAsync(this::work).orTimeout(1, TimeUnit.MICROSECONDS);

        assertThatThrownBy(result::join).hasCauseInstanceOf(TimeoutException.class);
        Await.until("its slot is free", () -> gate.snapshot().inFlight() == 0);
        assertThat(stage).isCancelled();
    }

    @Test
    void aStageThatIgnoresCancellationHoldsItsSlotToItsEnd() {
        CompletableFuture<String> result = gate.callAsync(() -> stage.minimalCompletionStage());

        result.cancel(false);
        assertGate(1, 0);
        stage.complete("late");
        assertGate(0, 0);
        assertThat(result).isCancelled();
    }

    @Test
    void aStageThatCannotBeCancelledHoldsItsSlotToItsEnd() {
        Foreign foreign = new Foreign();
        CompletableFuture<String> result = gate.callAsync(() -> foreign.stage);

        result.cancel(false);
        assertGate(1, 0);
        foreign.complete("late", null);
        assertGate(0, 0);
        assertThat(result).isCancelled();
    }

    @Test
    void aCancellationBetweenTheGrantAndTheCallMeansNoCall() throws InterruptedException {
        CompletableFuture<Slot> turn = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterrupt) {
                return false; // the slot was granted, which the caller does not know yet
            }
        };
        CompletableFuture<String> result = AsyncCall.start(turn, this::work);

        result.cancel(false);
        turn.complete(gate.slot());
        assertThat(calls).hasValue(0);
        assertGate(0, 0);
    }

    @Test
    void aCancellationWhileTheWorkIsCalledCancelsItsStage() throws InterruptedException {
        Slot held = gate.slot();
        List<CompletableFuture<String>> result = new ArrayList<>();
        result.add(gate.callAsync(() -> {
            result.get(0).cancel(false);
            return stage;
        }));

        held.close();
        assertThat(stage).isCancelled();
        assertGate(0, 0);
    }

    @Test
    void nullTakesNoSlot() {
        assertThatNullPointerException().isThrownBy(() -> gate.callAsync(null)).withMessage("work");
        assertGate(0, 0);
    }

    private static void assertFailedBy(Throwable cause, CompletableFuture<?> result) {
        assertThatThrownBy(result::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isSameAs(cause);
        assertThatThrownBy(result::get)
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isSameAs(cause);
    }

    @Test
    void aFailureArrivesAsItself() {
        IOException broke = new IOException("stream broke");
        CompletableFuture<String> result = gate.callAsync(this::work);
        CompletableFuture<Throwable> handled = result.handle((value, failure) -> failure);
        stage.completeExceptionally(broke);

        assertThat(handled.join()).isSameAs(broke);
        assertFailedBy(broke, result);
    }

    @Test
    void aFailureOfAnEarlierStageArrivesAsThatStageTellsIt() {
        IOException broke = new IOException("stream broke");
        CompletableFuture<String> result = gate.callAsync(() -> stage.thenApply(String::trim));
        stage.completeExceptionally(broke);

        assertFailedBy(broke, result);
    }

    @Test
    void aCancelledStageMakesACancelledResult() {
        CompletableFuture<String> result = gate.callAsync(this::work);

        stage.cancel(false);
        assertThat(result).isCancelled();
        assertThatThrownBy(result::join).isInstanceOf(CancellationException.class);
    }

    @Test
    void aClosedGateFailsTheResultAndCallsNothing() throws InterruptedException {
        Slot held = gate.slot();
        CompletableFuture<String> inLine = gate.callAsync(this::work);
        gate.close();
        CompletableFuture<String> tooLate = gate.callAsync(this::work);

        for (CompletableFuture<String> result : Arrays.asList(inLine, tooLate)) {
            assertThat(result.handle((value, failure) -> failure).join()).isInstanceOf(GateClosedException.class);
        }
        assertThat(calls).hasValue(0);
        held.close();
    }

    @Test
    void aStageThatEndsManyTimesFromManyThreadsGivesBackOneSlot() throws InterruptedException {
        gate.setSlots(2, 2);
        Slot other = gate.slot();
        Foreign foreign = new Foreign();
        CompletableFuture<String> result = gate.callAsync(() -> foreign.stage);
        CountDownLatch go = new CountDownLatch(1);
        List<Caller<Boolean>> enders = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            boolean fails = i % 2 == 0;
            enders.add(Caller.start(() -> {
                go.await();
                foreign.complete(fails ? null : "answer", fails ? new IOException() : null);
                return true;
            }));
        }

        go.countDown();
        enders.forEach(Caller::result);
        assertThat(result).isDone();
        assertGate(1, 0);
        other.close();
    }
}
