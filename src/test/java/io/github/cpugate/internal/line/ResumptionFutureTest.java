package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.assertPaused;
import static io.github.cpugate.internal.line.LineFixture.pausedAndRefused;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests the futures of resumptions: what is left if others complete or cancel them, and which thread completes them.
 */
class ResumptionFutureTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // overflows during the tests

    private final WaitingLine line = line(1, new Trampoline());

    /** The completions of futures of a line that was made with {@code completions::add}; tests run them. */
    private final Deque<Runnable> completions = new ArrayDeque<>();

    private WaitingLine line(int limit, Executor completer) {
        return LineFixture.line()
                .limit(limit)
                .clock(clock::get)
                .completer(completer)
                .build();
    }

    private void advanceClock(long nanos) {
        clock.addAndGet(nanos);
    }

    static List<Consumer<CompletableFuture<Slot>>> foreignCompletions() {
        return List.of(
                resumption -> resumption.cancel(false),
                resumption -> resumption.completeExceptionally(new IllegalStateException()),
                resumption -> resumption.complete(null),
                resumption -> {
                    resumption.orTimeout(1, TimeUnit.MICROSECONDS);
                    Await.until("the future has timed out", resumption::isDone);
                },
                resumption -> {
                    resumption.completeOnTimeout(null, 1, TimeUnit.MICROSECONDS);
                    Await.until("the future has timed out", resumption::isDone);
                });
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureThatBacksOffLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = pausedAndRefused(line);
        complete.accept(slot.resumeAsync());
        advanceClock(61 * SECOND);

        assertPaused(line, slot);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureInLineLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        complete.accept(slot.resumeAsync());
        held.close();

        assertPaused(line, slot);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void completingAFutureAfterItsGrantLeavesTheSlotPaused(Consumer<CompletableFuture<Slot>> complete) {
        WaitingLine delayed = line(1, completions::add);
        Slot slot = takeAndPause(delayed);
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        held.close();
        assertLine(delayed, 1, 0);
        assertThat(resumption).isNotDone();

        complete.accept(resumption);
        assertThat(resumption).isDone();
        CompletableFuture<Slot> again = slot.resumeAsync();
        while (!completions.isEmpty()) {
            completions.remove().run();
        }
        assertThat(again).isCompletedWithValue(slot);
        assertLine(delayed, 1, 0);
        slot.close();
        assertLine(delayed, 0, 0);
        takeFree(delayed).close();
        assertLine(delayed, 0, 0);
    }

    @Test
    void aGrantToACancelledFutureDoesNotCloseTheSlot() {
        WaitingLine delayed = line(1, completions::add);
        Slot slot = takeAndPause(delayed);
        Slot held = takeFree(delayed);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        held.close();
        resumption.cancel(false);
        completions.remove().run();

        assertPaused(delayed, slot);
    }

    @Test
    void aSlotResumedAgainAfterACancelledGrantIsHeldOnce() {
        WaitingLine delayed = line(2, completions::add);
        Slot slot = takeAndPause(delayed);
        Slot held = takeFree(delayed);
        Slot other = takeFree(delayed);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        held.close();
        other.close();
        resumption.cancel(false);
        assertThat(slot.resumeAsync()).isCompletedWithValue(slot);
        completions.remove().run();

        assertLine(delayed, 1, 0);
        slot.close();
        assertLine(delayed, 0, 0);
    }

    @ParameterizedTest
    @MethodSource("foreignCompletions")
    void aDependentStageOfACompletedFutureMayResumeTheSlotAgain(Consumer<CompletableFuture<Slot>> complete) {
        Slot slot = takeAndPause(line);
        Slot held = takeFree(line);
        CompletableFuture<Slot> resumption = slot.resumeAsync();
        // The dependent stage that was added last runs first.
        List<CompletableFuture<Slot>> again = new ArrayList<>();
        CompletableFuture<Boolean> dependent = resumption.handle((value, failure) -> again.add(slot.resumeAsync()));

        complete.accept(resumption);
        assertThat(dependent.join()).isTrue();
        assertLine(line, 1, 1);
        held.close();
        assertThat(again).singleElement().satisfies(second -> assertThat(second).isCompletedWithValue(slot));
        assertLine(line, 1, 0);
    }

    @Test
    void aCancelledBackOffDoesNotEndTheNextOne() {
        for (int i = 0; i < 20; i++) {
            Slot slot = pausedAndRefused(line);
            advanceClock(60 * SECOND - 10_000_000);
            slot.resumeAsync().cancel(false);
            CompletableFuture<Slot> again = slot.resumeAsync();

            Await.until("the slot is resumed", again::isDone);
            assertThat(again).isCompletedWithValue(slot);
            assertLine(line, 1, 0);
            slot.close();
        }
    }

    @Test
    void aFutureIsNotCompletedByTheThreadThatMakesRoom() throws InterruptedException {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .sampler(() -> CpuSample.of(60))
                .period(Duration.ofHours(1))
                .build()) {
            Slot slot = gate.slot();
            slot.pause();
            Slot held = gate.slot();
            CompletableFuture<Slot> resumption = slot.resumeAsync();
            CompletableFuture<Thread> ran = resumption.thenApply(resumed -> Thread.currentThread());
            held.close();
            Await.until("the dependent stage has run", ran::isDone);

            assertThat(ran.join()).isNotSameAs(Thread.currentThread());
            slot.close();
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
        }
    }
}
