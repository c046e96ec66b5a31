package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.assertLine;
import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.takeAndPause;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Slot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Tests a line whose sessions pause after refusals: when the shut floor opens, for whom, and how often the ceiling is
 * cut.
 */
class PauseAfterRefusalTest {

    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - SECOND); // overflows during the tests

    private final WaitingLine line = line(1, new Trampoline());

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

    @Test
    void aShutFloorOpensForSessionsInTheOrderTheyResume() {
        Slot early = takeAndPause(line);
        Slot first = takeFree(line);
        CompletableFuture<Slot> newcomer = enterAsync(line);
        List<Slot> order = new ArrayList<>();
        var unusedEarly = early.resumeAsync().thenAccept(order::add);
        first.rateLimited(Duration.ofSeconds(5));
        first.pause();
        assertThat(order)
                .as("no session is admitted while the service refuses the floor")
                .isEmpty();
        assertLine(line, 0, 2);

        advanceClock(6 * SECOND);
        var unusedFirst = first.resumeAsync().thenAccept(order::add);
        assertThat(order).as("the session that resumed earlier").containsExactly(early);
        assertLine(line, 1, 2);
        line.setBounds(2, 8);
        assertThat(order).containsExactly(early, first);
        assertThat(newcomer).isNotDone();
        early.close();
        assertThat(newcomer).isCompleted();
        assertLine(line, 2, 0);
    }

    @Test
    void aShutFloorOpensByTheClockThoughItsSessionIsClosedAndNoStepIsMade() {
        Slot slot = takeFree(line);
        slot.rateLimited(Duration.ofSeconds(5));
        slot.pause();
        CompletableFuture<Slot> waits = enterAsync(line);
        slot.close();
        line.endStep(1, 1, false);
        assertThat(waits).isNotDone();
        advanceClock(5 * SECOND - 1);
        assertThat(line.tryEnter(new LineSlot(line))).isFalse();
        assertThat(waits).isNotDone();

        advanceClock(1);
        assertThat(line.tryEnter(new LineSlot(line)))
                .as("a newcomer does not overtake the line")
                .isFalse();
        assertThat(waits).isCompleted();
    }

    @Test
    void aSlotGivenBackAdmitsMoreCallersIfTheFloorHasOpened() {
        WaitingLine floor =
                LineFixture.line().limit(9).bounds(9, 9).clock(clock::get).build();
        Slot held = takeFree(floor);
        for (int i = 0; i < 8; i++) {
            Slot slot = takeFree(floor);
            slot.rateLimited(Duration.ofSeconds(5));
            slot.pause();
        }
        List<CompletableFuture<Slot>> waiting = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            waiting.add(enterAsync(floor));
        }
        assertLine(floor, 1, 9);

        advanceClock(5 * SECOND);
        held.close();
        assertThat(waiting).allSatisfy(future -> assertThat(future).isCompleted());
        assertLine(floor, 9, 0);
    }

    @Test
    void aSessionThatHasBackedOffByTheJvmsClockOpensTheFloorForItself() {
        Slot slot = takeFree(line);
        slot.rateLimited(Duration.ofMillis(50));
        slot.pause();
        CompletableFuture<Slot> waits = enterAsync(line);

        assertThat(slot.resumeAsync().join())
                .as("the line's clock stands still")
                .isSameAs(slot);
        assertThat(waits).isNotDone();
        assertLine(line, 1, 1);
    }

    @Test
    void refusalsOfOneEventCutTheCeilingOnceEvenAfterARaise() {
        WaitingLine many = line(8, new Trampoline());
        List<Slot> full = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            full.add(takeFree(many));
        }
        full.get(0).rateLimited(Duration.ofSeconds(1));
        full.forEach(Slot::close);
        List<Slot> running = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            var unused = enterAsync(many).thenAccept(running::add);
        }
        assertThat(running).hasSize(5);
        many.endStep(8, 8, false);
        advanceClock(2 * SECOND);
        assertThat(many.endStep(8, 8, false).apiCeiling()).as("raised").isEqualTo(6);
        assertThat(running).hasSize(6);

        for (Slot slot : running) {
            slot.rateLimited(Duration.ofSeconds(1));
            slot.pause();
        }
        assertThat(many.snapshot().apiCeiling())
                .as("the raise is taken back once")
                .isEqualTo(5);
    }
}
