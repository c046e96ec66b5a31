package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.internal.line.AsyncCall;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
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
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests {@code callAsync}: sessions that end when a stage completes. */
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

    /** A stage that is not a CompletableFuture, and that calls back each time the test completes it. */
    private static final class ForeignStage {

        private final List<BiConsumer<String, Throwable>> callbacks = new ArrayList<>();

        @SuppressWarnings("unchecked")
        final CompletionStage<String> stage = (CompletionStage<String>) Proxy.newProxyInstance(
                ForeignStage.class.getClassLoader(),
                new Class<?>[] {CompletionStage.class},
                (proxy, method, arguments) -> {
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
    void theSlotIsHeldUntilTheStageEndsAndIsFreeBeforeTheResult(Consumer<CompletableFuture<String>> end) {
        CompletableFuture<String> result = gate.callAsync(this::work);
        CompletableFuture<Integer> inFlightAtResult =
                result.handle((value, failure) -> gate.snapshot().inFlight());
        assertGate(1, 0);
        assertThat(result).isNotDone();

        end.accept(stage);
        assertThat(inFlightAtResult).isCompletedWithValue(0);
        assertThat(result.isCompletedExceptionally()).isEqualTo(stage.isCompletedExceptionally());
    }

    @Test
    void theWorkIsCalledWhenItsTurnComes() throws InterruptedException {
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

    static List<Supplier<CompletionStage<String>>> worksWithoutAStage() {
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
    @MethodSource("worksWithoutAStage")
    void workThatReturnsNoStageGivesItsSlotBackAtOnce(Supplier<CompletionStage<String>> work) throws Exception {
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
        assertThat(calls).as("the slot went to the next caller in line").hasValue(1);
        assertThat(second).isNotDone();
    }

    @Test
    void aCallWhoseResultIsCancelledLeavesTheLine() throws InterruptedException {
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
    void cancellingTheResultCancelsTheRunningStage() {
        CompletableFuture<String> result = gate.callAsync(this::work);

        result.cancel(false);
        assertThat(stage).isCancelled();
        assertGate(0, 0);
    }

    @Test
    void aResultThatTimesOutCancelsTheRunningStage() {
        CompletableFuture<String> result = gate.callAsync(this::work).orTimeout(1, TimeUnit.MICROSECONDS);

        assertThatThrownBy(result::join).hasCauseInstanceOf(TimeoutException.class);
        Await.until("its slot is free", () -> gate.snapshot().inFlight() == 0);
        assertThat(stage).isCancelled();
    }

    @Test
    void aStageThatIgnoresCancellationHoldsItsSlotUntilItEnds() {
        CompletableFuture<String> result = gate.callAsync(() -> stage.minimalCompletionStage());

        result.cancel(false);
        assertGate(1, 0);
        stage.complete("late");
        assertGate(0, 0);
        assertThat(result).isCancelled();
    }

    @Test
    void aStageThatCannotBeCancelledHoldsItsSlotUntilItEnds() {
        ForeignStage foreign = new ForeignStage();
        CompletableFuture<String> result = gate.callAsync(() -> foreign.stage);

        result.cancel(false);
        assertGate(1, 0);
        foreign.complete("late", null);
        assertGate(0, 0);
        assertThat(result).isCancelled();
    }

    @Test
    void workCancelledBetweenGrantAndCallIsNotCalled() throws InterruptedException {
        CompletableFuture<Slot> turn = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterrupt) {
                return false; // the slot is granted, but the caller does not know it yet
            }
        };
        CompletableFuture<String> result = AsyncCall.start(turn, slot -> work());

        result.cancel(false);
        turn.complete(gate.slot());
        assertThat(calls).hasValue(0);
        assertGate(0, 0);
    }

    @Test
    void cancellingWhileTheWorkIsCalledCancelsItsStage() throws InterruptedException {
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
    void nullIsRejectedAndTakesNoSlot() {
        Supplier<CompletionStage<String>> none = null;
        Function<Slot, CompletionStage<String>> noneInSlot = null;
        assertThatNullPointerException().isThrownBy(() -> gate.callAsync(none)).withMessage("work");
        assertThatNullPointerException()
                .isThrownBy(() -> gate.callAsync(noneInSlot))
                .withMessage("work");
        assertGate(0, 0);
    }

    @Test
    void theWorkMayUseItsSlot() {
        List<Slot> slots = new ArrayList<>();
        CompletableFuture<String> result = gate.callAsync(slot -> {
            slots.add(slot);
            return stage;
        });
        assertGate(1, 0);

        slots.get(0).pause();
        assertThat(gate.snapshot()).returns(0, GateSnapshot::inFlight).returns(1, GateSnapshot::paused);
        assertThat(slots.get(0).resumeAsync()).isCompleted();
        stage.complete("done");

        assertThat(result).isCompletedWithValue("done");
        assertGate(0, 0);
    }

    /** As the futures of reactive libraries do. */
    @Test
    void aCancelledSessionGivesItsSlotBackOnceItsWorkHasBeenCancelled() {
        List<Integer> heldAtTheEndOfWork = new ArrayList<>();
        CompletableFuture<String> completesFirst = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterrupt) {
                boolean cancelled = super.cancel(mayInterrupt);
                heldAtTheEndOfWork.add(gate.snapshot().inFlight());
                return cancelled;
            }
        };

        gate.callAsync(() -> completesFirst).cancel(true);

        assertThat(heldAtTheEndOfWork).containsExactly(1);
        assertGate(0, 0);
    }

    private static void assertFailedWith(Throwable cause, CompletableFuture<?> result) {
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
    void theResultFailsWithTheExceptionOfTheStage() {
        IOException broke = new IOException("stream broke");
        CompletableFuture<String> result = gate.callAsync(this::work);
        CompletableFuture<Throwable> handled = result.handle((value, failure) -> failure);
        stage.completeExceptionally(broke);

        assertThat(handled.join()).isSameAs(broke);
        assertFailedWith(broke, result);
    }

    @Test
    void theResultFailsWithTheExceptionOfAnEarlierStage() {
        IOException broke = new IOException("stream broke");
        CompletableFuture<String> result = gate.callAsync(() -> stage.thenApply(String::trim));
        stage.completeExceptionally(broke);

        assertFailedWith(broke, result);
    }

    @Test
    void aCancelledStageCancelsTheResult() {
        CompletableFuture<String> result = gate.callAsync(this::work);

        stage.cancel(false);
        assertThat(result).isCancelled();
        assertThatThrownBy(result::join).isInstanceOf(CancellationException.class);
    }

    @Test
    void aClosedGateFailsTheResultAndDoesNotCallTheWork() throws InterruptedException {
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
    void aStageThatCompletesOnManyThreadsGivesBackOneSlot() throws InterruptedException {
        gate.setSlots(2, 2);
        Slot other = gate.slot();
        ForeignStage foreign = new ForeignStage();
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
