package io.github.cpugate.internal.line;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ShutSlotsTest {

    private final ShutSlots shut = new ShutSlots();

    @Test
    void slotsOpenInTheOrderOfTheirTimesAcrossAnOverflow() {
        long now = Long.MAX_VALUE - 10;
        shut.reserve(3);
        shut.shut(now + 30);
        shut.shut(now + 5);
        shut.shut(now + 20);

        assertThat(shut.nanosUntilOnly(2, now)).isEqualTo(5);
        assertThat(shut.nanosUntilOnly(0, now)).isEqualTo(30);
        shut.advanceTo(now + 4);
        assertThat(shut.count()).isEqualTo(3);
        shut.advanceTo(now + 20);
        assertThat(shut.count()).isEqualTo(1);
        shut.advanceTo(now + 19);
        assertThat(shut.count()).as("a time that arrives late shuts nothing").isEqualTo(1);
        shut.advanceTo(now + 30);
        assertThat(shut.count()).isZero();
    }

    @Test
    void withoutRoomTheSlotsThatOpenLastStayShut() {
        shut.shut(1);
        assertThat(shut.count()).isZero();

        shut.reserve(2);
        for (long until : new long[] {20, 30, 10, 40}) {
            shut.shut(until);
        }
        assertThat(shut.count()).isEqualTo(2);
        assertThat(shut.nanosUntilOnly(1, 0)).isEqualTo(30);
        assertThat(shut.nanosUntilOnly(0, 0)).isEqualTo(40);
    }

    @Test
    void randomOperationsMatchASortedList() {
        Random random = new Random(1);
        List<Long> expected = new ArrayList<>();
        long now = 0;
        shut.reserve(5);
        for (int i = 0; i < 10_000; i++) {
            long until = now + 1 + random.nextInt(20);
            switch (random.nextInt(4)) {
                case 0 -> {
                    now += random.nextInt(5);
                    long passed = now;
                    shut.advanceTo(now);
                    expected.removeIf(time -> time <= passed);
                }
                case 1 -> {
                    shut.open(until);
                    expected.remove(until);
                }
                default -> {
                    shut.shut(until);
                    expected.add(until);
                    expected.sort(null);
                    if (expected.size() > 5) {
                        expected.remove(0);
                    }
                }
            }
            assertThat(shut.count()).isEqualTo(expected.size());
            for (int left = 0; left < expected.size(); left++) {
                assertThat(shut.nanosUntilOnly(left, now)).isEqualTo(expected.get(expected.size() - 1 - left) - now);
            }
        }
    }
}
