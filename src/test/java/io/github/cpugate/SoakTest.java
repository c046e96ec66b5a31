package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.slf4j.LoggerFactory;

/**
 * Runs callers of every kind at once, with timeouts, interrupts, cancellations and closes at random moments.
 *
 * <p>{@code -Dsoak.seconds=N} runs each test for N seconds, {@code -Dsoak.acquisitions=N} until N slots were acquired.
 * {@code -Dsoak.seed=N} determines what the callers do.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS) // the soak itself finds a stuck caller within seconds
@Tag("slow")
class SoakTest {

    private static final long ACQUISITIONS = Long.getLong("soak.acquisitions", 0);
    private static final long SECONDS = Long.getLong("soak.seconds", ACQUISITIONS > 0 ? 0 : 3);
    private static final long SEED = Long.getLong("soak.seed", 1);

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.cpugate");
    private final Level levelBefore = logger.getLevel();

    @BeforeEach
    void muteTheLog() {
        logger.setLevel(Level.OFF); // failed readings and rejected tasks are part of the test
    }

    @AfterEach
    void restoreTheLog() {
        logger.setLevel(levelBefore);
    }

    @Test
    void noSlotIsLostWithPlatformThreads() throws InterruptedException {
        soak(10, work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        });
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21)
    void noSlotIsLostWithVirtualThreads() throws Exception {
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
            Await.until("all slots are given back, and no caller waits", () -> {
                GateSnapshot now = gate.snapshot();
                return now.inFlight() == 0 && now.waiting() == 0;
            });
            assertThat(soak.inFlight()).isZero();
            assertThat(soak.givenBack.sum()).isEqualTo(soak.admitted.sum()).isPositive();

            gate.setSlots(Soak.HIGHEST, Soak.HIGHEST);
            List<Slot> all = new ArrayList<>();
            Await.until(
                    "no slot is lost",
                    () -> { // the floor may be kept free while the line backs off
                        gate.trySlot().ifPresent(all::add);
                        return all.size() == Soak.HIGHEST;
                    });
            assertThat(gate.trySlot()).as("no slot beyond the limit").isEmpty();
            all.forEach(Slot::close);
            assertThat(gate.awaitIdle(Duration.ZERO)).isTrue();
            if (ACQUISITIONS > 0 || SECONDS > 3) {
                System.out.println(callers + " callers: " + soak.summary() + "; took " + took);
            }
        }
    }
}
