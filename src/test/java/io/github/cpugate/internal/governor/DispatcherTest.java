package io.github.cpugate.internal.governor;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.GateListener;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.StepReport;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The order of events, and their delivery while a listener hangs, closes its gate or interrupts its thread. */
class DispatcherTest {

    private static final long NEVER = Duration.ofDays(1).toNanos();
    private static final long SOON = Duration.ofMillis(100).toNanos();

    private final GateLog log = new GateLog("test", true);
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final AtomicInteger hanging = new AtomicInteger();

    @AfterEach
    void letGo() {
        letGo.countDown();
    }

    private void hang() {
        hanging.incrementAndGet();
        try {
            letGo.await();
        } catch (InterruptedException e) {
            throw new AssertionError("the gate interrupts no foreign code", e);
        }
    }

    /** Records events under a name, after {@code onStep} has run. */
    private GateListener recording(String name, Runnable onStep) {
        return new GateListener() {
            @Override
            public void onStart(Supplier<GateSnapshot> now) {
                events.add(name + " start");
            }

            @Override
            public void onStep(StepReport step) {
                onStep.run();
                events.add(name + " step");
            }

            @Override
            public void onClose() {
                events.add(name + " close" + (Thread.currentThread().isInterrupted() ? " interrupted" : ""));
            }
        };
    }

    private Dispatcher dispatcher(boolean manual, GateListener... listeners) {
        Dispatcher made = new Dispatcher("dispatcher", "a listener", List.of(listeners), log, manual);
        made.start(() -> null);
        return made;
    }

    private static void step(Dispatcher dispatcher) {
        dispatcher.step(null, false);
    }

    @Test
    void aStepUnderWayAtTheCloseIsNotReportedAfterIt() {
        Dispatcher dispatcher = dispatcher(true, recording("a", () -> {}));
        step(dispatcher);
        dispatcher.close(NEVER);
        step(dispatcher);
        assertThat(events).containsExactly("a start", "a step", "a close");
        dispatcher.step(null, true);
        assertThat(events).as("a step by hand is").endsWith("a close", "a step");
    }

    @Test
    void aStepOfAClosedGateReachesOtherListenersWhileOneHangs() {
        Dispatcher dispatcher = dispatcher(false, recording("hung", this::hang), recording("b", () -> {}));
        step(dispatcher);
        Await.until("a listener hangs", () -> hanging.get() == 1);
        dispatcher.close(SOON);
        dispatcher.step(null, true);
        Await.until("both steps reach the other one", () -> Collections.frequency(events, "b step") == 2);
        assertThat(events).endsWith("b start", "b step", "b close", "b step");
        letGo.countDown();
        Await.until("the other one catches up", () -> events.contains("hung close"));
        Await.until("with all steps", () -> Collections.frequency(events, "hung step") == 2);
    }

    @Test
    void aListenerThatClosesTheGateAndHangsHoldsUpNoOther() {
        AtomicReference<Dispatcher> self = new AtomicReference<>();
        Dispatcher dispatcher = dispatcher(
                false,
                recording("closing", () -> {
                    self.get().close(SOON);
                    hang();
                }),
                recording("b", () -> {}));
        self.set(dispatcher);
        step(dispatcher);
        Await.until("it hangs", () -> hanging.get() == 1);
        assertThat(events).containsExactly("closing start", "b start", "b step", "b close");
        letGo.countDown();
        Await.until("it is closed, too", () -> events.contains("closing close"));
    }

    @Test
    void closeOnAnInterruptedThreadDeliversAllTheSame() {
        Dispatcher dispatcher = dispatcher(false, recording("a", () -> {}));
        step(dispatcher);
        Thread.currentThread().interrupt();
        dispatcher.close(NEVER);
        assertThat(Thread.interrupted()).as("and stays interrupted").isTrue();
        assertThat(events).containsExactly("a start", "a step", "a close");
    }

    @Test
    void aManualCloseOnAnInterruptedThreadDisturbsNoListener() {
        Dispatcher dispatcher = dispatcher(true, recording("a", () -> {}));
        Thread.currentThread().interrupt();
        dispatcher.close(NEVER);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(events).containsExactly("a start", "a close");
    }

    @Test
    void aSecondCloseWaitsForTheFirst() {
        Dispatcher dispatcher = dispatcher(false, recording("slow", this::hang));
        step(dispatcher);
        Await.until("it is slow", () -> hanging.get() == 1);
        Caller<Boolean> first = closing(dispatcher);
        Caller<Boolean> second = closing(dispatcher);
        Await.parked(first.thread());
        Await.parked(second.thread());
        letGo.countDown();
        assertThat(first.result()).isTrue();
        assertThat(second.result()).isTrue();
    }

    private Caller<Boolean> closing(Dispatcher dispatcher) {
        return Caller.start(() -> {
            dispatcher.close(NEVER);
            return events.contains("slow close");
        });
    }

    @Test
    void aListenerThatInterruptsItsThreadLeavesItAsleep() {
        AtomicReference<Thread> thread = new AtomicReference<>();
        Dispatcher dispatcher = dispatcher(
                false,
                recording("a", () -> {
                    thread.set(Thread.currentThread());
                    Thread.currentThread().interrupt();
                }),
                recording(
                        "b",
                        () -> events.add("interrupted " + Thread.currentThread().isInterrupted())));
        step(dispatcher);
        Await.until("both were called", () -> events.contains("b step"));
        Await.parked(thread.get());
        assertThat(events).contains("interrupted false");
        thread.get().interrupt();
        step(dispatcher);
        Await.until("it delivers on", () -> Collections.frequency(events, "b step") == 2);
        Await.parked(thread.get());
        dispatcher.close(NEVER);
        Await.until("and ends", () -> !thread.get().isAlive());
    }

    @Test
    void theStartComesFirstWhicheverThreadStepsFirst() {
        for (int i = 0; i < 200; i++) {
            events.clear();
            Dispatcher dispatcher =
                    new Dispatcher("dispatcher", "a listener", List.of(recording("a", () -> {})), log, true);
            List<Caller<Boolean>> callers = new ArrayList<>();
            for (int caller = 0; caller < 2; caller++) {
                callers.add(Caller.start(() -> {
                    dispatcher.start(() -> null);
                    step(dispatcher);
                    return true;
                }));
            }
            callers.forEach(Caller::result);
            assertThat(events).containsExactly("a start", "a step", "a step");
        }
    }
}
