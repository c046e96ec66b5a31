package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Tests that callers in line receive slots of the floor when these open, without any step. */
class FloorAlarmTest {

    private static AdaptiveCpuGate gate(int floor) {
        return AdaptiveCpuGate.builder()
                .manual()
                .minSlots(floor)
                .sampler(() -> CpuSample.of(60))
                .build();
    }

    private static Slot refused(AdaptiveCpuGate gate, Duration retryAfter) throws InterruptedException {
        Slot slot = gate.slot();
        slot.rateLimited(retryAfter);
        slot.pause();
        return slot;
    }

    @Test
    void aCallerInLineIsAdmittedWhenTheServicesTimeIsOver() throws InterruptedException {
        AtomicLong clock = new AtomicLong();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .nanoClock(clock::get)
                .sampler(() -> CpuSample.of(60))
                .build();
        refused(gate, Duration.ofMillis(50)).close();
        CompletableFuture<Slot> next = gate.slotAsync();
        assertThat(gate.snapshot().waiting()).isEqualTo(1);

        clock.set(Duration.ofMillis(50).toNanos());
        assertThat(next).succeedsWithin(Await.DEADLINE);
        next.join().close();

        refused(gate, Duration.ofMillis(50)).close();
        Caller<Slot> thread = Caller.start(gate::slot);
        Await.until("the thread waits", () -> gate.snapshot().waiting() == 1);
        clock.set(Duration.ofMillis(100).toNanos());
        assertThat(thread.result()).isNotNull();
    }

    @Test
    void callersAreAdmittedOneByOneAsTheirSlotsOpen() throws InterruptedException {
        AdaptiveCpuGate gate = gate(2);
        Slot one = gate.slot();
        Slot two = gate.slot();
        one.rateLimited(Duration.ofMinutes(1));
        two.rateLimited(Duration.ofMillis(50));
        one.pause();
        two.pause();
        CompletableFuture<Slot> first = gate.slotAsync();
        CompletableFuture<Slot> second = gate.slotAsync();

        assertThat(first).succeedsWithin(Await.DEADLINE);
        assertThat(second).isNotDone();
        one.close();
        assertThat(second).as("closing the session opens nothing").isNotDone();
        gate.close();
    }

    @Test
    void theGatesClockDecidesNotThatOfTheTimer() throws InterruptedException {
        AtomicLong clock = new AtomicLong();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .nanoClock(clock::get)
                .sampler(() -> CpuSample.of(60))
                .build();
        var unused = refused(gate, Duration.ofMillis(5));
        CompletableFuture<Slot> next = gate.slotAsync();
        Await.until(
                "the timer's thread runs",
                () -> Thread.getAllStackTraces().keySet().stream()
                        .anyMatch(thread -> thread.getName().startsWith("cpugate-timer-")));
        assertThat(next).isNotDone();

        clock.set(Duration.ofMillis(5).toNanos());
        assertThat(next).succeedsWithin(Await.DEADLINE);
        gate.close();
    }

    /** Each would ring as often as the last one, for as long as a caller waits. */
    @Test
    void anAlarmThatAnEarlierOneReplacedIsNotSetAgain() throws Exception {
        AtomicLong clock = new AtomicLong();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .minSlots(2)
                .nanoClock(clock::get)
                .sampler(() -> CpuSample.of(60))
                .build();
        Slot other = gate.slot();
        var unused = refused(gate, Duration.ofMillis(500));
        CompletableFuture<Slot> next = gate.slotAsync();
        for (int i = 0; i < 10; i++) {
            other.rateLimited(Duration.ofMillis(1));
            other.pause();
            clock.addAndGet(Duration.ofMillis(1).toNanos());
            assertThat(next).succeedsWithin(Await.DEADLINE);
            other.close();
            other = next.join();
            next = gate.slotAsync();
        }
        assertThat(next).isNotDone();
        Await.until("one alarm rings until the gate's clock arrives", () -> timerTasks(gate) == 1);
        gate.close();
    }

    /** The clock's fault stands for a lack of memory, which cannot be had at will. */
    @Test
    void anAlarmThatFailsIsSetAgain() throws InterruptedException {
        AtomicInteger faults = new AtomicInteger();
        AtomicLong clock = new AtomicLong();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .manual()
                .nanoClock(() -> {
                    if (Thread.currentThread().getName().startsWith("cpugate-timer-") && faults.getAndIncrement() < 2) {
                        throw new OutOfMemoryError("no memory for a moment");
                    }
                    return clock.get();
                })
                .sampler(() -> CpuSample.of(60))
                .build();
        refused(gate, Duration.ofMillis(20)).close();
        CompletableFuture<Slot> next = gate.slotAsync();
        clock.set(Duration.ofMillis(20).toNanos());
        assertThat(next).succeedsWithin(Await.DEADLINE);
        assertThat(faults).hasValueGreaterThan(2);
        gate.close();
    }

    private static int timerTasks(AdaptiveCpuGate gate) {
        Object timer = fieldOf(fieldOf(fieldOf(gate, "line"), "threads"), "timer");
        return ((ScheduledThreadPoolExecutor) timer).getQueue().size();
    }

    private static Object fieldOf(Object object, String name) {
        try {
            Field field = object.getClass().getDeclaredField(name);
            field.setAccessible(true);
            return field.get(object);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("no such field", e);
        }
    }
}
