package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.slf4j.LoggerFactory;

/**
 * Callers of every kind at once, with timeouts, interrupts, cancellations and closes at any moment.
 *
 * <p>{@code -Dsoak.seconds=N} runs each test for so long, {@code -Dsoak.acquisitions=N} until there were so many, and
 * {@code -Dsoak.seed=N} sets what the callers do.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS) // who is stuck is found long before
class SoakTest {

    private static final long ACQUISITIONS = Long.getLong("soak.acquisitions", 0);
    private static final long SECONDS = Long.getLong("soak.seconds", ACQUISITIONS > 0 ? 0 : 3);
    private static final long SEED = Long.getLong("soak.seed", 1);

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.cpugate");
    private final Level levelBefore = logger.getLevel();

    @BeforeEach
    void silence() {
        logger.setLevel(Level.OFF); // readings that fail and tasks that are rejected are part of it
    }

    @AfterEach
    void speakAgain() {
        logger.setLevel(levelBefore);
    }

    @Test
    void nothingIsLostAmongPlatformThreads() throws InterruptedException {
        soak(10, work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        });
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void nothingIsLostAmongVirtualThreads() throws Exception {
        // By reflection: the tests are compiled for an older JDK, too.
        Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
        ThreadFactory virtual = (ThreadFactory)
                Class.forName("java.lang.Thread$Builder").getMethod("factory").invoke(builder);
        soak(20, virtual);
    }

    private static void soak(int callers, ThreadFactory threads) throws InterruptedException {
        try (Soak soak = new Soak(SEED, callers, threads)) {
            long began = System.nanoTime();
            soak.run(ACQUISITIONS, Duration.ofSeconds(SECONDS));
            Duration took = Duration.ofNanos(System.nanoTime() - began);

            AdaptiveCpuGate gate = soak.gate;
            Await.until("all slots are given back, and nobody waits", () -> {
                GateSnapshot now = gate.snapshot();
                return now.inFlight() == 0 && now.waiting() == 0;
            });
            assertThat(soak.inside()).isZero();
            assertThat(soak.givenBack.sum()).isEqualTo(soak.admitted.sum()).isPositive();

            gate.setSlots(Soak.HIGHEST, Soak.HIGHEST);
            List<Slot> all = new ArrayList<>();
            Await.until(
                    "no slot is lost",
                    () -> { // the floor may be kept free for as long as a refusal asked
                        gate.trySlot().ifPresent(all::add);
                        return all.size() == Soak.HIGHEST;
                    });
            assertThat(gate.trySlot()).as("none too many").isEmpty();
            all.forEach(Slot::close);
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
            if (ACQUISITIONS > 0 || SECONDS > 3) {
                System.out.println(callers + " callers: " + soak.mix() + "; took " + took);
            }
        }
    }
}
