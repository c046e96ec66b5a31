package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Makes random operations on the line and on {@link ReferenceLine}, and compares the two after each.
 *
 * <p>{@code -Dmodel.seeds=N} tries the seeds 1 to N, {@code -Dmodel.seed=S} only the seed S.
 */
class ModelTest {

    private static final Integer ONLY_SEED = Integer.getInteger("model.seed");
    private static final int SEEDS = Integer.getInteger("model.seeds", 1000);
    private static final int OPERATIONS = 300;

    private static LongStream seeds(int count) {
        return ONLY_SEED == null ? LongStream.rangeClosed(1, count) : LongStream.of(ONLY_SEED);
    }

    @Test
    void futuresAndCallsMatchTheReference() {
        seeds(SEEDS).forEach(seed -> new ModelRun(seed, false).run(OPERATIONS));
    }

    @Test
    void threadsFuturesAndCallsTogetherMatchTheReference() {
        seeds(Math.max(1, SEEDS / 50)).forEach(seed -> new ModelRun(seed, true).run(OPERATIONS));
    }

    @Test
    void theReferenceServesInOrderUpToItsLimit() {
        List<Integer> granted = new ArrayList<>();
        ReferenceLine reference =
                new ReferenceLine(1, 3, 1, 0, new ReferenceLine.Callbacks(granted::add, granted::add, granted::add));

        assertThat(reference.enter(0, true)).isEqualTo(ReferenceLine.Entry.HELD);
        for (int caller = 1; caller <= 4; caller++) {
            assertThat(reference.enter(caller, true)).isEqualTo(ReferenceLine.Entry.IN_LINE);
        }
        reference.giveUp(2, false);
        reference.moveLimit(1, 9);
        assertThat(granted).containsExactly(1, 3);
        assertThat(reference.snapshot().inFlight()).isEqualTo(3);
        reference.giveBack(0);
        assertThat(granted).containsExactly(1, 3, 4);
    }
}
