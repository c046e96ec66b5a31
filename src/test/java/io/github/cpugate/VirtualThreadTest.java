package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.internal.line.WaitingLine;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;

/** Tests thousands of virtual threads in line. The sources are Java 17, so reflection starts the threads. */
@EnabledForJreRange(min = JRE.JAVA_21)
class VirtualThreadTest {

    private static final int MAX_SLOTS = 8;
    private static final int CALLERS = 10_000;
    private static final int SESSIONS_PER_MOVE = 5;
    private static final Duration LONG = Duration.ofMinutes(5);

    private final AtomicReference<CpuSample> cpu = new AtomicReference<>(CpuSample.of(60));
    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .name("test")
            .maxSlots(MAX_SLOTS)
            .period(Duration.ofDays(1)) // the test makes the steps
            .sampler(cpu::get)
            .build();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger maxInside = new AtomicInteger();
    private final AtomicInteger served = new AtomicInteger();
    private final Semaphore moveDue = new Semaphore(0);
    private final AtomicIntegerArray order = new AtomicIntegerArray(CALLERS);

    @AfterEach
    void close() {
        gate.close();
    }

    /** A task of a thread, which may throw. */
    private interface Task {
        void run() throws InterruptedException;
    }

    private Thread startVirtual(Task task) {
        Runnable checked = () -> {
            try {
                task.run();
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
            }
        };
        try {
            return (Thread)
                    Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, checked);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            throw new LinkageError("no virtual threads", e);
        }
    }

    private void assertNoFailure() {
        assertThat(failure.get()).isNull();
    }

    /** Runs a session in its slot. */
    private void runIn(Slot slot, Runnable session) {
        try (slot) {
            maxInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
            session.run();
            inside.decrementAndGet();
        }
    }

    private void lineUp(int number) {
        Runnable session = () -> {
            int place = served.getAndIncrement();
            order.set(place, number);
            if (place % SESSIONS_PER_MOVE == 0) {
                moveDue.release();
            }
        };
        int before = gate.snapshot().waiting();
        switch (number % 3) {
            case 0 -> startVirtual(() -> runIn(gate.slot(), session));
            case 1 -> startVirtual(() -> runIn(gate.trySlot(LONG).orElseThrow(), session));
            default -> {
                var unused = gate.slotAsync()
                        .thenAccept(slot -> runIn(slot, session))
                        .exceptionally(t -> {
                            failure.compareAndSet(null, t);
                            return null;
                        });
            }
        }
        Await.until("one more caller is in line", () -> gate.snapshot().waiting() == before + 1);
    }

    private void awaitAllServed() {
        Await.until("all callers are served", () -> served.get() == CALLERS || failure.get() != null);
        Await.until("no slot is held", () -> gate.snapshot().inFlight() == 0);
        assertNoFailure();
        assertThat(gate.snapshot().waiting()).isZero();
    }

    @Test
    void tenThousandSessionsPauseAndResume() {
        for (int i = 0; i < CALLERS; i++) {
            startVirtual(() -> {
                try (Slot slot = gate.slot()) {
                    slot.pause();
                    slot.resume();
                    maxInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    inside.decrementAndGet();
                }
                served.incrementAndGet();
            });
        }
        awaitAllServed();
        assertThat(maxInside.get()).isEqualTo(1);
        assertThat(gate.snapshot().waiting()).isZero();
    }

    @Test
    void aLimitOfOneServesAllCallersInOrderOfArrival() throws InterruptedException {
        gate.setSlots(1, 1);
        Slot held = gate.slot();
        for (int i = 0; i < CALLERS; i++) {
            lineUp(i);
        }

        held.close();
        awaitAllServed();
        for (int i = 0; i < CALLERS; i++) {
            assertThat(order.get(i)).isEqualTo(i);
        }
        assertThat(maxInside).hasValue(1);
    }

    /** Arrives late, and may give up before its turn. */
    private void callWithLittlePatience(Random random) throws InterruptedException {
        if (random.nextBoolean()) {
            gate.trySlot(Duration.ofNanos(random.nextInt(2_000_000))).ifPresent(slot -> runIn(slot, () -> {}));
            return;
        }
        CompletableFuture<Slot> turn = gate.slotAsync();
        var unused = turn.thenAccept(slot -> runIn(slot, () -> {}));
        turn.cancel(false);
    }

    @Test
    void aLimitThatKeepsMovingLosesNoCallerAndKeepsTheOrder() throws InterruptedException {
        gate.setSlots(1, 1);
        Slot held = gate.slot();
        for (int i = 0; i < CALLERS; i++) {
            lineUp(i);
        }

        Random random = new Random(1);
        int moves = CALLERS / SESSIONS_PER_MOVE;
        Caller<Boolean> mover = Caller.start(() -> {
            for (int i = 0; i < moves; i++) {
                moveDue.acquire();
                int least = 1 + random.nextInt(MAX_SLOTS);
                gate.setSlots(least, least + random.nextInt(MAX_SLOTS - least + 1));
                cpu.set(CpuSample.of(random.nextBoolean() ? 10 : 95));
                gate.step();
            }
            return true;
        });
        Random patience = new Random(2);
        List<Thread> late = new ArrayList<>();
        for (int i = 0; i < CALLERS / 10; i++) {
            Random each = new Random(patience.nextLong());
            late.add(startVirtual(() -> callWithLittlePatience(each)));
        }
        held.close();
        Await.until("the late callers have ended", () -> late.stream().noneMatch(Thread::isAlive));
        awaitAllServed();
        assertThat(mover.result()).isTrue();
        assertThat(maxInside.get()).isBetween(2, MAX_SLOTS);
        assertServedInOrder();
    }

    /** A caller that is served before an earlier one must have that one beside it, in a slot but not yet recorded. */
    private void assertServedInOrder() {
        TreeSet<Integer> passed = new TreeSet<>();
        int came = 0;
        for (int i = 0; i < CALLERS; i++) {
            int number = order.get(i);
            while (came <= number) {
                passed.add(came++);
            }
            assertThat(passed.remove(number)).as("each caller is served once").isTrue();
            assertThat(passed.headSet(number))
                    .as("callers recorded later that arrived before %d", number)
                    .hasSizeLessThan(MAX_SLOTS);
        }
        assertThat(passed).isEmpty();
    }

    /** A class initializer runs in a native frame, so a virtual thread that parks in it pins its carrier. */
    private static final class Pinning {
        static {
            LockSupport.parkNanos(1_000_000);
        }

        private Pinning() {}

        static void initialize() {}
    }

    @Test
    void aCallerInLineDoesNotPinItsCarrierThread(@TempDir Path folder) throws IOException, InterruptedException {
        Path file = folder.resolve("pinned.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("jdk.VirtualThreadPinned").withoutThreshold().withStackTrace();
            recording.start();
            Thread pinned = startVirtual(Pinning::initialize);

            Slot held = gate.slot();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < 3_000; i++) {
                boolean timed = i % 2 == 0;
                callers.add(
                        startVirtual(() -> runIn(timed ? gate.trySlot(LONG).orElseThrow() : gate.slot(), () -> {})));
            }
            Await.until("all callers are in line", () -> gate.snapshot().waiting() == 3_000);
            gate.step();
            held.close();
            Await.until(
                    "all callers are served and have ended",
                    () -> callers.stream().noneMatch(Thread::isAlive));
            Await.until("the pinned thread has ended", () -> !pinned.isAlive());
            recording.stop();
            recording.dump(file);
        }
        assertNoFailure();

        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(events)
                .as("the recording shows the pinned thread")
                .anyMatch(event -> hasFrameOf(event, Pinning.class.getName()));
        assertThat(events)
                .as("no thread is pinned in the code of the gate")
                .noneMatch(event -> hasFrameOf(event, WaitingLine.class.getName())
                        || hasFrameOf(event, AdaptiveCpuGate.class.getName()));
    }

    private static boolean hasFrameOf(RecordedEvent event, String className) {
        return event.getStackTrace() != null
                && event.getStackTrace().getFrames().stream()
                        .anyMatch(frame -> frame.getMethod().getType().getName().equals(className));
    }
}
