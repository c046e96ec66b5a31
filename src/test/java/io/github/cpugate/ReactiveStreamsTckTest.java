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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.example.unicast.AsyncIterablePublisher;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.SubscriberPuppet;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.WhiteboxSubscriberProbe;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.reactivestreams.tck.flow.FlowSubscriberWhiteboxVerification;

/**
 * Runs the TCK of Reactive Streams over {@code publisher}: as a publisher with a free slot, as one whose subscribers
 * wait in line, and as the subscriber that it is to its source.
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

    /**
     * Waits for a long time for what must come, and for a short one to see that nothing comes. For the error of a bad
     * request the TCK looks once, after the last of the times; the publisher signals it within the request.
     */
    private static TestEnvironment environment(long noSignalsMillis) {
        return new TestEnvironment(10_000, noSignalsMillis, 100);
    }

    /** There is a slot for each subscriber. */
    public static class FreeSlots extends FlowPublisherVerification<Integer> {

        private final AdaptiveCpuGate open = gate(100);
        private final AdaptiveCpuGate closed = gate(1);

        public FreeSlots() {
            super(environment(100));
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
            super(environment(150));
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

    /** The subscriber that the gate hands to the source, in a session that holds a slot. */
    public static class SourceSubscriber extends FlowSubscriberWhiteboxVerification<Integer> {

        private static final List<Flow.Subscription> SESSIONS = new CopyOnWriteArrayList<>();

        private static final AdaptiveCpuGate GATE = gate(100);

        public SourceSubscriber() {
            super(environment(100));
        }

        @Override
        public Integer createElement(int element) {
            return element;
        }

        @Override
        protected Flow.Subscriber<Integer> createFlowSubscriber(WhiteboxSubscriberProbe<Integer> probe) {
            AtomicReference<Flow.Subscriber<? super Integer>> handedOver = new AtomicReference<>();
            Downstream downstream = new Downstream(probe);
            GATE.<Integer>publisher(() -> handedOver::set).subscribe(downstream);
            SESSIONS.add(downstream.session.get());
            return new Wired(handedOver.get(), downstream.session.get(), probe);
        }
    }

    /** Tells the TCK what arrives behind the subscriber. */
    private record Downstream(WhiteboxSubscriberProbe<Integer> probe, AtomicReference<Flow.Subscription> session)
            implements Flow.Subscriber<Integer> {

        Downstream(WhiteboxSubscriberProbe<Integer> probe) {
            this(probe, new AtomicReference<>());
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            session.set(subscription);
        }

        @Override
        public void onNext(Integer item) {
            probe.registerOnNext(item);
        }

        @Override
        public void onError(Throwable failure) {
            probe.registerOnError(failure);
        }

        @Override
        public void onComplete() {
            probe.registerOnComplete();
        }
    }

    /** The subscriber, which lets the TCK request and cancel once it has its subscription. */
    private record Wired(
            Flow.Subscriber<? super Integer> subscriber,
            Flow.Subscription session,
            WhiteboxSubscriberProbe<Integer> probe,
            AtomicBoolean subscribed)
            implements Flow.Subscriber<Integer>, SubscriberPuppet {

        Wired(
                Flow.Subscriber<? super Integer> subscriber,
                Flow.Subscription session,
                WhiteboxSubscriberProbe<Integer> probe) {
            this(subscriber, session, probe, new AtomicBoolean());
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscriber.onSubscribe(subscription);
            if (!subscribed.getAndSet(true)) {
                probe.registerOnSubscribe(this);
            }
        }

        @Override
        public void onNext(Integer item) {
            subscriber.onNext(item);
        }

        @Override
        public void onError(Throwable failure) {
            subscriber.onError(failure);
        }

        @Override
        public void onComplete() {
            subscriber.onComplete();
        }

        @Override
        public void triggerRequest(long elements) {
            session.request(elements);
        }

        @Override
        public void signalCancel() {
            session.cancel();
        }
    }

    @Test
    void aPublisherPassesTheTckWithAFreeSlot() {
        assertPasses(FreeSlots.class, 20);
    }

    @Test
    void aPublisherPassesTheTckInLine() {
        assertPasses(InLine.class, 20);
    }

    @Test
    void theSubscriberOfTheSourcePassesTheTck() {
        assertPasses(SourceSubscriber.class, 10);
        assertThat(SourceSubscriber.SESSIONS).hasSizeGreaterThan(10);
        // Most checks leave a session running. One that has ended and kept its slot keeps it now, too.
        SourceSubscriber.SESSIONS.forEach(Flow.Subscription::cancel);
        assertThat(SourceSubscriber.GATE.snapshot()).returns(0, GateSnapshot::inFlight);
    }

    private static void assertPasses(Class<?> checks, int atLeast) {
        Tck.Result result = Tck.run(checks);

        assertThat(result.failed()).isEmpty();
        assertThat(result.passed()).hasSizeGreaterThan(atLeast);
        assertThat(result.skipped())
                .as("checks that the TCK calls optional, or that it cannot make")
                .allSatisfy(check -> assertThat(check).matches("(optional|untested)_.*"));
        for (AdaptiveCpuGate gate : GATES) {
            assertThat(gate.snapshot()).returns(0, GateSnapshot::waiting);
        }
    }
}
