package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests sessions that start sessions of the same gate, as agents do. */
class NestedSessionsTest {

    private static final long SECOND = 1_000_000_000;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AtomicLong clock = new AtomicLong();
    private double cpu = 5;
    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("agents")
            .maxSlots(2)
            .initialSlots(2)
            .nanoClock(clock::get)
            .sampler(() -> CpuSample.of(cpu))
            .build();

    @Test
    void aCallWithinACallSharesItsSlot() throws Exception {
        int inFlight =
                gate.call(() -> gate.call(() -> gate.call(() -> gate.snapshot().inFlight())));
        assertThat(inFlight).isEqualTo(1);
        assertThat(gate.snapshot().inFlight()).isZero();
        assertThat(gate.snapshot().admitted()).isEqualTo(1);
        gate.call(() -> gate.snapshot().inFlight());
        assertThat(gate.snapshot().admitted())
                .as("the thread no longer runs a session")
                .isEqualTo(2);
    }

    @Test
    void aCallAfterOneThatThrewTakesASlotOfItsOwn() throws Exception {
        assertThatThrownBy(() -> gate.call(() -> gate.call(() -> {
                    throw new IOException("broke");
                })))
                .hasMessage("broke");
        gate.call(() -> null);
        assertThat(gate.snapshot().admitted()).isEqualTo(2);
    }

    @Test
    void aCallWithinATaskOfTheExecutorSharesItsSlot() {
        AtomicInteger inFlight = new AtomicInteger();
        gate.executor(Runnable::run).execute(() -> {
            try {
                inFlight.set(gate.call(() -> gate.snapshot().inFlight()));
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        assertThat(inFlight).hasValue(1);
    }

    @Test
    void aCallAfterATaskThatRanWithinACallStillSharesTheSlot() throws Exception {
        int inFlight = gate.call(() -> {
            gate.executor(Runnable::run).execute(() -> {});
            return gate.call(() -> gate.snapshot().inFlight());
        });
        assertThat(inFlight).isEqualTo(1);
    }

    @Test
    void aThreadThatTakesSlotsForOthersSharesNone() throws Exception {
        try (Slot one = gate.slot();
                Slot two = gate.slot()) {
            assertThat(one).isNotSameAs(two);
            assertThat(gate.snapshot().inFlight()).isEqualTo(2);
            assertThat(gate.trySlot()).isEmpty();
        }
        int inFlight = gate.call(() -> {
            try (Slot own = gate.slot()) {
                return gate.snapshot().inFlight();
            }
        });
        assertThat(inFlight).as("slot() within call()").isEqualTo(2);
    }

    @Test
    void aCallOfAnotherGateTakesASlotOfThatGate() throws Exception {
        try (AdaptiveCpuGate other = AdaptiveCpuGate.builder().manual().build()) {
            int inFlight = gate.call(() -> other.call(() -> other.snapshot().inFlight()));
            assertThat(inFlight).isEqualTo(1);
        }
    }

    @Test
    void whilePausedLendsTheSlot() throws Exception {
        try (Slot slot = gate.slot()) {
            assertThat(slot.<Integer>whilePaused(() -> gate.snapshot().inFlight()))
                    .isZero();
            assertThat(gate.snapshot().inFlight()).isEqualTo(1);
        }
    }

    @Test
    void whilePausedTakesTheSlotBackIfItsWorkThrows() throws Exception {
        try (Slot slot = gate.slot()) {
            assertThatThrownBy(() -> slot.whilePaused(() -> {
                        throw new IOException("broke");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("broke");
            assertThat(gate.snapshot().inFlight()).isEqualTo(1);
            assertThatThrownBy(() -> slot.whilePaused(() -> {
                        gate.close();
                        throw new IOException("broke");
                    }))
                    .hasMessage("broke")
                    .satisfies(thrown ->
                            assertThat(thrown.getSuppressed()).singleElement().isInstanceOf(GateClosedException.class));
        }
    }

    /** Starts a session that takes a second slot within its first one. */
    private Caller<Integer> nest() {
        Caller<Integer> caller = Caller.start(() -> {
            try (Slot outer = gate.slot();
                    Slot inner = gate.slot()) {
                return gate.snapshot().inFlight();
            }
        });
        return caller;
    }

    private void stepFor(int seconds) {
        for (int i = 0; i <= seconds; i += 2) {
            gate.step();
            clock.addAndGet(2 * SECOND);
        }
    }

    @Test
    void aDeadlockOfNestedSessionsIsLoggedOnceWithTheirStacks() throws Exception {
        gate.setSlots(1, 1);
        Caller<Integer> nested = nest();
        Await.until("it waits for its second slot", () -> gate.snapshot().waiting() == 1);
        stepFor(28);
        assertThat(log.messagesAt(Level.WARN)).isEmpty();

        stepFor(40);
        assertThat(log.at(Level.WARN)).singleElement().satisfies(event -> {
            assertThat(event.getFormattedMessage()).startsWith("gate 'agents': no session has ended");
            assertThat(event.getThrowableProxy().getMessage())
                    .isEqualTo("thread '" + nested.thread().getName() + "' took a slot");
            assertThat(event.getThrowableProxy().getStackTraceElementProxyArray())
                    .anyMatch(element -> element.toString().contains("NestedSessionsTest"));
        });
        gate.setSlots(1, 2);
        cpu = 1;
        gate.step();
        assertThat(nested.result()).isEqualTo(2);
    }

    @Test
    void sessionsThatRunLongAreNoDeadlockButMayBeOne() throws Exception {
        gate.setSlots(1, 1);
        Slot long1 = gate.slot();
        Caller<Integer> waiting = Caller.start(() -> gate.call(() -> 1));
        Await.until("it waits", () -> gate.snapshot().waiting() == 1);
        stepFor(200);
        assertThat(log.messagesAt(Level.INFO)).noneMatch(message -> message.contains("no session has ended"));
        stepFor(400);
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
        assertThat(log.at(Level.INFO))
                .filteredOn(event -> event.getFormattedMessage().contains("no session has ended for 300 s"))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.getFormattedMessage()).contains("either sessions are long, or they wait");
                    assertThat(event.getThrowableProxy().getMessage())
                            .isEqualTo("thread '" + Thread.currentThread().getName() + "' took a slot");
                });
        long1.close();
        assertThat(waiting.result()).isEqualTo(1);
    }

    @Test
    void anInterruptThatIsOnlySuppressedStaysSet() throws Exception {
        try (Slot slot = gate.slot()) {
            assertThatThrownBy(() -> slot.whilePaused(() -> {
                        Thread.currentThread().interrupt();
                        throw new IOException("broke");
                    }))
                    .hasMessage("broke")
                    .satisfies(thrown -> assertThat(thrown.getSuppressed())
                            .singleElement()
                            .isInstanceOf(InterruptedException.class));
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
