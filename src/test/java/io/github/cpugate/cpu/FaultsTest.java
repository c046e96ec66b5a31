package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FaultsTest {

    private static final CpuReading NONE = CpuReading.of(Double.NaN);
    private static final CpuReading GOOD = CpuReading.of(50);

    private long own = 5_000_000_000L;
    private long now = Long.MAX_VALUE - 1;
    private final Faults faults = new Faults(() -> own, () -> now);

    @BeforeEach
    void open() {
        faults.reset();
    }

    @ParameterizedTest
    @CsvSource({"1000, 20, true", "999, 20, false", "1000, 19, false", "60000, 0, false"})
    void countersThatDoNotMoveAreAFaultIfThisJvmHasUsedCpu(long millis, long ownMillis, boolean stuck) {
        now += 1_000_000 * millis;
        own += 1_000_000 * ownMillis;
        faults.add(NONE);
        assertThat(faults.areTooMany()).isEqualTo(stuck);
    }

    @Test
    void withoutOwnCpuNobodyKnowsWhetherTheCountersShouldMove() {
        own = -1;
        faults.reset();
        now += 60_000_000_000L;
        own = 0;
        faults.add(NONE);
        assertThat(faults.areTooMany()).isFalse();
    }

    @Test
    void threeFaultsAmongEightReadsAreTooManyOnceThereWasAReading() {
        faults.add(GOOD);
        faults.addFailure();
        faults.addFailure();
        assertThat(faults.areTooMany()).isFalse();
        for (int i = 0; i < 6; i++) {
            faults.add(GOOD);
        }
        faults.addFailure();
        assertThat(faults.areTooMany())
                .as("the first of them is nine reads ago")
                .isFalse();
        faults.addFailure();
        assertThat(faults.areTooMany()).isFalse();
        faults.addFailure();
        assertThat(faults.areTooMany()).isTrue();
    }

    @Test
    void aSourceThatWasJustOpenedIsGivenUpAtItsFirstFault() {
        faults.add(GOOD);
        faults.reset();
        faults.addFailure();
        assertThat(faults.areTooMany()).isTrue();
    }
}
