package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Tck;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.example.unicast.AsyncIterablePublisher;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/**
 * Runs the TCK of Reactive Streams over {@code publisher}: with a free slot, and with subscribers that wait in line.
 */
@Tag("slow")
@Timeout(180)
class ReactiveStreamsTckTest {

    private static final List<AdaptiveCpuGate> GATES = new CopyOnWriteArrayList<>();
    private static final Executor THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        return thread;
    });

    private static AdaptiveCpuGate gate(int slots) {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .minSlots(slots)
                .maxSlots(slots)
                .period(Duration.ofHours(1))
                .sampler(() -> CpuSample.of(50))
                .build();
        GATES.add(gate);
        return gate;
    }

    private static Flow.Publisher<Integer> source(long elements) {
        Iterable<Integer> numbers =
                () -> LongStream.range(0, elements).mapToObj(n -> (int) n).iterator();
        return FlowAdapters.toFlowPublisher(new AsyncIterablePublisher<>(numbers, THREADS));
    }

    /** There is a slot for each subscriber. */
    public static class FreeSlots extends FlowPublisherVerification<Integer> {

        private final AdaptiveCpuGate open = gate(100);
        private final AdaptiveCpuGate closed = gate(1);

        public FreeSlots() {
            super(new TestEnvironment(200, 100));
            closed.close();
        }

        @Override
        public Flow.Publisher<Integer> createFlowPublisher(long elements) {
            return open.publisher(() -> source(elements));
        }

        @Override
        public Flow.Publisher<Integer> createFailedFlowPublisher() {
            return closed.publisher(() -> source(1));
        }
    }

    /** Each subscriber waits in line for a while, and then receives a slot, or is refused. */
    public static class InLine extends FlowPublisherVerification<Integer> {

        private static final Executor LATER = CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS, THREADS);

        public InLine() {
            super(new TestEnvironment(300, 150));
        }

        @Override
        public Flow.Publisher<Integer> createFlowPublisher(long elements) {
            AdaptiveCpuGate gate = gate(1);
            Slot held = gate.trySlot().orElseThrow();
            return subscriber -> {
                gate.<Integer>publisher(() -> source(elements)).subscribe(subscriber);
                LATER.execute(() -> {
                    held.close();
                    gate.setSlots(16, 16); // for those that subscribe twice
                });
            };
        }

        @Override
        public Flow.Publisher<Integer> createFailedFlowPublisher() {
            AdaptiveCpuGate gate = gate(1);
            Slot held = gate.trySlot().orElseThrow();
            return subscriber -> {
                gate.<Integer>publisher(() -> source(1)).subscribe(subscriber);
                LATER.execute(() -> {
                    gate.close();
                    held.close();
                });
            };
        }
    }

    @Test
    void aPublisherPassesTheTckWithAFreeSlot() {
        assertPasses(FreeSlots.class);
    }

    @Test
    void aPublisherPassesTheTckInLine() {
        assertPasses(InLine.class);
    }

    private static void assertPasses(Class<?> checks) {
        Tck.Result result = Tck.run(checks);

        assertThat(result.failed()).isEmpty();
        assertThat(result.passed()).hasSizeGreaterThan(20);
        assertThat(result.skipped())
                .as("checks that the TCK calls optional, or that it cannot make")
                .allSatisfy(check -> assertThat(check).matches("(optional|untested)_.*"));
        for (AdaptiveCpuGate gate : GATES) {
            assertThat(gate.snapshot()).returns(0, GateSnapshot::waiting);
        }
    }
}
