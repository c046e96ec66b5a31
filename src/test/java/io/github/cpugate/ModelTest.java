package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Random operations on the line and on {@link ReferenceLine}, compared after each.
 *
 * <p>{@code -Dmodel.seeds=N} tries so many seeds, {@code -Dmodel.seed=S} just that one.
 */
class ModelTest {

    private static final Integer ONE = Integer.getInteger("model.seed");
    private static final int SEEDS = Integer.getInteger("model.seeds", 1000);
    private static final int OPERATIONS = 300;

    private static LongStream seeds(int howMany) {
        return ONE == null ? LongStream.rangeClosed(1, howMany) : LongStream.of(ONE);
    }

    @Test
    void futuresAndCallsAreServedAsTheReferenceSays() {
        seeds(SEEDS).forEach(seed -> new ModelRun(seed, false).make(OPERATIONS));
    }

    @Test
    void blockedThreadsAndFuturesTogetherAreServedAsTheReferenceSays() {
        seeds(Math.max(1, SEEDS / 50)).forEach(seed -> new ModelRun(seed, true).make(OPERATIONS));
    }

    @Test
    void theReferenceServesInOrderUnderItsLimit() {
        List<Integer> granted = new ArrayList<>();
        ReferenceLine reference =
                new ReferenceLine(1, 3, 1, 0, new ReferenceLine.Told(granted::add, granted::add, granted::add));

        assertThat(reference.enter(0, true)).isEqualTo(ReferenceLine.Entry.HELD);
        for (int who = 1; who <= 4; who++) {
            assertThat(reference.enter(who, true)).isEqualTo(ReferenceLine.Entry.IN_LINE);
        }
        reference.giveUp(2, false);
        reference.moveLimit(1, 9);
        assertThat(granted).containsExactly(1, 3);
        assertThat(reference.report().inFlight()).isEqualTo(3);
        reference.leave(0);
        assertThat(granted).containsExactly(1, 3, 4);
    }
}
