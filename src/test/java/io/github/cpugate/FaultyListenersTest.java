package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Listeners at their worst, as a user of the gate meets them: with its own thread, in real time. */
class FaultyListenersTest {

    private static final Duration PERIOD = Duration.ofMillis(50);

    @Test
    void whoThrowsBlocksOrRunsOutOfMemoryChangesNothingForCallersAndTheGovernor() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch letGo = new CountDownLatch(1);
        List<Observation> told = new CopyOnWriteArrayList<>();
        try (LogCapture log = new LogCapture();
                AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                        .name("beset")
                        .period(PERIOD)
                        .initialSlots(16)
                        .sampler(() -> CpuSample.of(95))
                        .listener(step -> {
                            throw new IllegalStateException("a listener broke");
                        })
                        .listener(step -> {
                            throw new OutOfMemoryError("a listener has no room");
                        })
                        .listener(step -> {
                            blocked.countDown();
                            awaitForAMinute(letGo);
                        })
                        .listener(told::add)
                        .build()) {
            try {
                assertThat(blocked.await(20, TimeUnit.SECONDS)).isTrue();
                for (int i = 0; i < 1000; i++) {
                    gate.slot().close(); // by callers that would hang with it
                    gate.slotAsync().join().close();
                }
                Await.until(
                        "the governor cuts the limit, step by step",
                        () -> gate.snapshot().limit() == 1);
                Await.until("who comes after them is told of all steps", () -> told.size() >= 16);
                assertThat(letGo.getCount()).as("it blocks still").isEqualTo(1);
                assertThat(List.copyOf(told).subList(0, 15))
                        .extracting(Observation::limitAfter)
                        .containsExactly(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
                assertThat(log.messagesAt(Level.WARN))
                        .as("one line for each")
                        .hasSize(3)
                        .allSatisfy(line -> assertThat(line).contains("listener of gate 'beset'"))
                        .anySatisfy(line -> assertThat(line).contains("a listener broke"))
                        .anySatisfy(line -> assertThat(line).contains("a listener has no room"))
                        .anySatisfy(line -> assertThat(line).contains("has not returned"));
            } finally {
                letGo.countDown();
            }
        }
    }

    private static void awaitForAMinute(CountDownLatch letGo) {
        try {
            var unused = letGo.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts other people's code", e);
        }
    }
}
