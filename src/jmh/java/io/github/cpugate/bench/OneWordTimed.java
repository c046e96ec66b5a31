package io.github.cpugate.bench;

import java.util.concurrent.atomic.LongAdder;

/**
 * One word, with what the mean in flight needs. The integral of the number in flight is the sum of the times at which
 * it fell less the sum of those at which it rose: two clock readings and two additions, and none where a slot is handed
 * over. Apart from the word, so a reading of both is off by what happens meanwhile.
 */
final class OneWordTimed extends OneWord {

    private final LongAdder slotNanos = new LongAdder();

    OneWordTimed(int slots) {
        super(slots);
    }

    @Override
    void took() {
        slotNanos.add(-System.nanoTime());
    }

    @Override
    void gaveBack() {
        slotNanos.add(System.nanoTime());
    }
}
