package io.github.cpugate.bench.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.demo.Limiter;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContenderTest {

    private static final Terms TERMS = new Terms(Duration.ofHours(1), Duration.ofMillis(50), 3, 6);

    @ParameterizedTest
    @EnumSource
    void everyContenderAdmitsCallersAndCountsThem(Contender contender) throws InterruptedException {
        try (Limiter limiter = contender.make(TERMS)) {
            Limiter.Held one = limiter.enter();
            Limiter.Held two = limiter.enter();
            assertThat(limiter.counts().inFlight()).isEqualTo(Terms.MIN_SLOTS);
            assertThat(limiter.counts().waiting()).isZero();
            one.close();
            two.close();
            assertThat(limiter.counts().inFlight()).isZero();
        }
    }

    @Test
    void optionsThatAreNotGivenHaveDefaults() {
        Properties properties = new Properties();
        properties.setProperty("loop.rounds", "");

        Settings settings = Settings.of(properties);
        assertThat(settings.rounds()).isEqualTo(3);
        assertThat(settings.contenders()).contains(Contender.HEADROOM).doesNotContain(Contender.UNCONDITIONAL);
        assertThat(settings.given()).isEmpty();
        assertThat(settings.totalSeconds()).isLessThan(25 * 60);
    }

    @Test
    void contendersAreChosenByName() {
        Properties properties = new Properties();
        properties.setProperty("loop.contenders", "vegas, one_slot");

        assertThat(Settings.of(properties).contenders()).isEqualTo(EnumSet.of(Contender.VEGAS, Contender.ONE_SLOT));
    }

    @Test
    void anInvalidOptionIsReportedWithItsValue() {
        Properties properties = new Properties();
        properties.setProperty("loop.period", "50");
        assertThatThrownBy(() -> Settings.of(properties))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("loop.period must be a whole number of at least 400, was 50");

        properties.setProperty("loop.period", "500");
        properties.setProperty("loop.contenders", "vegan");
        assertThatThrownBy(() -> Settings.of(properties)).hasMessageContaining("was vegan");
    }
}
