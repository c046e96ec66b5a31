package io.github.cpugate.internal.line;

import static io.github.cpugate.internal.line.LineFixture.enterAsync;
import static io.github.cpugate.internal.line.LineFixture.takeFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.Slot;
import io.github.cpugate.testing.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The slots that are held, and those among them that were lost to the garbage collector. */
class SlotSetTest {

    private final AtomicLong clock = new AtomicLong();

    @Test
    void aLostSlotIsHandedOverAsSoonAsItIsFound() {
        WaitingLine line = LineFixture.line().bounds(1, 1).clock(clock::get).build();
        takeFree(line);
        CompletableFuture<Slot> next = enterAsync(line);

        Await.until("the lost slot is found", () -> {
            System.gc();
            return line.findLeaks().collected() == 1;
        });
        assertThat(next).isCompleted();
        next.join().close();
    }

    @Test
    void aLostSlotCountsAsInFlightUntilItIsGivenBack() {
        WaitingLine line = LineFixture.line().clock(clock::get).completer(null).build();
        takeFree(line);
        assertThat(line.findLeaks().collected()).isZero();
        clock.addAndGet(1000);
        Await.until("the lost slot is found", () -> {
            System.gc();
            return line.findLeaks().collected() == 1;
        });

        clock.addAndGet(1000);
        assertThat(line.snapshot().meanInFlight()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void heldSlotsAreCountedCorrectlyUnderRandomOperations(long seed) {
        WaitingLine line = LineFixture.line()
                .bounds(1, 1)
                .clock(clock::get)
                .completer(null)
                .build();
        Random random = new Random(seed);
        SlotSet held = new SlotSet();
        List<LineSlot> open = new ArrayList<>(); // the model: the slots that can still be closed
        int dropped = 0; // and the number of lost slots that are not found yet
        for (int i = 0; i < 10_000; i++) {
            int dice = random.nextInt(100);
            if (open.isEmpty() || dice < 49) {
                LineSlot slot = new LineSlot(line);
                held.reserve(1);
                held.add(slot, 0);
                open.add(slot);
            } else if (dice < 97) {
                LineSlot slot = open.remove(random.nextInt(open.size()));
                assertThat(held.contains(slot)).isTrue();
                held.remove(slot);
                assertThat(held.contains(slot)).isFalse();
            } else if (dice < 98) {
                open.remove(random.nextInt(open.size()));
                dropped++;
            } else {
                if (i % 1000 < 50) {
                    System.gc();
                }
                dropped -= held.findLeaks(0, 0).collected();
            }
            assertThat(held.size()).isEqualTo(open.size() + dropped);
        }

        int left = dropped;
        int[] found = {0};
        Await.until("the remaining lost slots are found", () -> {
            System.gc();
            found[0] += held.findLeaks(0, 0).collected();
            return found[0] >= left;
        });
        assertThat(held.size()).isEqualTo(open.size());
        assertThat(open.stream().mapToInt(slot -> slot.index))
                .as("each slot has a position of its own, and no position is empty")
                .doesNotHaveDuplicates()
                .allMatch(index -> 0 <= index && index < held.size());
        open.forEach(held::remove);
        assertThat(held.size()).isZero();
        assertThat(held.findLeaks(0, 0).collected()).isZero();
    }

    @Test
    void aSlotRecordsItsStackTraceOnlyIfItsGateWarnsOfLeaks() {
        assertThat(new LineSlot(LineFixture.lineOf(1)).origin).isNull();
        assertThat(new LineSlot(LineFixture.line().leakWarning(1).build()).origin)
                .isNotNull();
    }
}
