package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests listeners that throw or hang, on a gate with its own threads. */
class FaultyListenersTest {

    private static final Duration PERIOD = Duration.ofMillis(20);

    @RegisterExtension
    final LogCapture log = new LogCapture();

    @Test
    void faultyListenersAffectNeitherCallersNorTheGovernor() throws Exception {
        CountDownLatch hung = new CountDownLatch(1);
        CountDownLatch letGo = new CountDownLatch(1);
        List<StepReport> reports = new CopyOnWriteArrayList<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("faulty")
                .period(PERIOD)
                .initialSlots(16)
                .sampler(() -> CpuSample.of(95))
                .policy(StepPolicy.oneSlot().unconditional()) // whatever is in flight
                .listener(step -> {
                    throw new IllegalStateException("a listener broke");
                })
                .listener(step -> {
                    throw new OutOfMemoryError("a listener ran out of memory");
                })
                .listener(step -> {
                    hung.countDown();
                    awaitForAMinute(letGo);
                })
                .listener(reports::add)
                .build()) {
            try {
                assertThat(hung.await(20, TimeUnit.SECONDS)).isTrue();
                for (int i = 0; i < 1000; i++) {
                    gate.slot().close(); // a caller that waited for the listener would hang too
                    gate.slotAsync().join().close();
                }
                Await.until(
                        "the governor cuts the limit, step by step",
                        () -> gate.snapshot().limit() == 1);
                assertThat(letGo.getCount()).as("the listener still hangs").isEqualTo(1);
                letGo.countDown();
                Await.until("the listener behind it receives all steps", () -> reports.size() >= 16);
                assertThat(List.copyOf(reports).subList(0, 15))
                        .extracting(StepReport::limitAfter)
                        .containsExactly(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
                Await.until(
                        "two faults are logged",
                        () -> log.messagesAt(Level.WARN).size() >= 2);
                assertThat(log.messagesAt(Level.WARN))
                        .as("one line for each listener that throws")
                        .hasSize(2)
                        .allSatisfy(line -> assertThat(line).contains("listener of gate 'faulty'"))
                        .anySatisfy(line -> assertThat(line).contains("a listener broke"))
                        .anySatisfy(line -> assertThat(line).contains("a listener ran out of memory"));
            } finally {
                letGo.countDown();
            }
        }
    }

    private static void awaitForAMinute(CountDownLatch letGo) {
        try {
            var unused = letGo.await(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            throw new AssertionError("the gate interrupts no foreign code", e);
        }
    }
}
