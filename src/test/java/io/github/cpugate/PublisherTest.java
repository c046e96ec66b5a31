package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.github.cpugate.cpu.CpuSample;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests {@code publisher}: each subscription is a session in a slot. */
class PublisherTest {

    private final AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
            .manual()
            .name("test")
            .maxWaiting(2)
            .sampler(() -> CpuSample.of(60))
            .build();
    private final List<Source> sources = new ArrayList<>();
    private final List<String> signals = new ArrayList<>();

    @AfterEach
    void close() {
        gate.close();
    }

    /** A source that the test drives by hand. */
    private static final class Source implements Flow.Publisher<String>, Flow.Subscription {

        Flow.@Nullable Subscriber<? super String> subscriber;
        long requested;
        int cancelled;

        @Override
        public void subscribe(Flow.Subscriber<? super String> subscriber) {
            this.subscriber = subscriber;
            subscriber.onSubscribe(this);
        }

        @Override
        public void request(long n) {
            requested += n;
        }

        @Override
        public void cancel() {
            cancelled++;
        }
    }

    private Flow.Publisher<String> publisher() {
        return gate.publisher(() -> {
            Source source = new Source();
            sources.add(source);
            return source;
        });
    }

    /** Subscribes; each signal is recorded with the number of slots held at that moment. */
    private Flow.Subscription subscribe(Flow.Publisher<String> publisher, long request) {
        Flow.Subscription[] subscription = new Flow.Subscription[1];
        publisher.subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription it) {
                subscription[0] = it;
                if (request != 0) {
                    it.request(request);
                }
            }

            @Override
            public void onNext(String item) {
                add(item);
            }

            @Override
            public void onError(Throwable failure) {
                add(failure.getClass().getSimpleName());
            }

            @Override
            public void onComplete() {
                add("completed");
            }

            private void add(String signal) {
                signals.add(signal + ", held: " + gate.snapshot().inFlight());
            }
        });
        return subscription[0];
    }

    private Flow.Subscriber<? super String> subscriberOf(int source) {
        Flow.Subscriber<? super String> subscriber = sources.get(source).subscriber;
        assertThat(subscriber).isNotNull();
        return subscriber;
    }

    private void assertGate(int inFlight, int waiting) {
        assertThat(gate.snapshot()).returns(inFlight, GateSnapshot::inFlight).returns(waiting, GateSnapshot::waiting);
    }

    @Test
    void theSlotIsHeldUntilTheSourceCompletes() {
        subscribe(publisher(), 5);
        assertGate(1, 0);
        assertThat(sources.get(0).requested).isEqualTo(5);

        subscriberOf(0).onNext("a");
        subscriberOf(0).onComplete();

        assertThat(signals)
                .as("the slot is free when the subscriber sees the end")
                .containsExactly("a, held: 1", "completed, held: 0");
        assertGate(0, 0);
    }

    @Test
    void theSlotIsGivenBackWhenTheSourceFails() {
        subscribe(publisher(), 1);

        subscriberOf(0).onError(new IllegalStateException());

        assertThat(signals).containsExactly("IllegalStateException, held: 0");
    }

    @Test
    void nothingIsStartedBeforeTheSubscription() {
        publisher();

        assertGate(0, 0);
        assertThat(sources).isEmpty();
    }

    @Test
    void eachSubscriptionIsASessionOfItsOwn() {
        Flow.Publisher<String> publisher = publisher();
        subscribe(publisher, 1);
        subscribe(publisher, 1);
        assertGate(1, 1);
        assertThat(sources).as("the second waits in line").hasSize(1);

        subscriberOf(0).onComplete();

        assertThat(sources).hasSize(2);
        assertGate(1, 0);
    }

    @Test
    void demandInLineIsPassedOnToTheSource() {
        subscribe(publisher(), 1);
        Flow.Subscription second = subscribe(publisher(), 2);
        second.request(3);
        second.request(Long.MAX_VALUE);

        subscriberOf(0).onComplete();

        assertThat(sources.get(1).requested).isEqualTo(Long.MAX_VALUE);
        second.request(1);
        assertThat(sources.get(1).requested)
                .as("once it has begun, it is asked directly")
                .isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void aCancellationInLineLeavesTheLine() {
        subscribe(publisher(), 1);
        Flow.Subscription second = subscribe(publisher(), 1);

        second.cancel();
        assertGate(1, 0);
        subscriberOf(0).onComplete();

        assertThat(sources).hasSize(1);
        assertThat(signals).containsExactly("completed, held: 0");
        assertGate(0, 0);
    }

    @Test
    void aCancellationInMidStreamCancelsTheSourceAndGivesTheSlotBack() {
        Flow.Subscription subscription = subscribe(publisher(), 1);

        subscription.cancel();
        subscription.cancel();
        subscriberOf(0).onNext("late");
        subscriberOf(0).onComplete();

        assertThat(sources.get(0).cancelled).isEqualTo(1);
        assertThat(signals).isEmpty();
        assertGate(0, 0);
    }

    @Test
    void aSessionCancelledWhileItStartsHoldsItsSlotUntilItHasStarted() {
        List<Integer> held = new ArrayList<>();
        Source source = new Source();
        Flow.Subscription[] subscription = new Flow.Subscription[1];
        Slot other = gate.trySlot().orElseThrow();
        subscription[0] = subscribe(
                gate.publisher(() -> subscriber -> {
                    subscription[0].cancel();
                    held.add(gate.snapshot().inFlight());
                    source.subscribe(subscriber);
                    held.add(gate.snapshot().inFlight());
                }),
                1);
        other.close();

        assertThat(held).containsExactly(1, 1);
        assertThat(source.cancelled).isEqualTo(1);
        assertThat(signals).isEmpty();
        assertGate(0, 0);
    }

    @Test
    void aCancellationWithinOnSubscribeTakesNoSlot() {
        publisher().subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.cancel();
            }

            @Override
            public void onNext(String item) {}

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onComplete() {}
        });

        assertThat(sources).isEmpty();
        assertThat(gate.snapshot().admitted()).isZero();
    }

    @Test
    void aRequestThatIsNotPositiveFailsTheSubscriptionAndCancelsTheSource() {
        Flow.Subscription subscription = subscribe(publisher(), 1);

        subscription.request(0);

        assertThat(signals).containsExactly("IllegalArgumentException, held: 0");
        assertThat(sources.get(0).cancelled).isEqualTo(1);
    }

    @Test
    void aClosedGateFailsTheSubscription() {
        subscribe(publisher(), 1);
        subscribe(publisher(), 1);
        gate.close();
        subscribe(publisher(), 1);

        assertThat(signals).containsExactly("GateClosedException, held: 1", "GateClosedException, held: 1");
        subscriberOf(0).onComplete();
        assertThat(signals).endsWith("completed, held: 0");
    }

    @Test
    void aFullLineFailsTheSubscription() {
        for (int i = 0; i < 4; i++) {
            subscribe(publisher(), 1);
        }

        assertThat(signals).containsExactly("GateFullException, held: 1");
    }

    @Test
    void aSupplierThatThrowsOrReturnsNullFailsTheSubscriptionAndHoldsNoSlot() {
        subscribe(
                gate.publisher(() -> {
                    throw new IllegalStateException();
                }),
                1);
        subscribe(gate.publisher(() -> null), 1);

        assertThat(signals).containsExactly("IllegalStateException, held: 0", "NullPointerException, held: 0");
        assertGate(0, 0);
    }

    @Test
    void aSourceThatThrowsAfterOnSubscribeIsCancelled() {
        Source source = new Source();
        subscribe(
                gate.publisher(() -> subscriber -> {
                    subscriber.onSubscribe(source);
                    throw new IllegalStateException();
                }),
                1);

        assertThat(signals).containsExactly("IllegalStateException, held: 0");
        assertThat(source.cancelled).isEqualTo(1);
    }

    @Test
    void aNullSupplierOrSubscriberIsRefusedByName() {
        assertThatNullPointerException().isThrownBy(() -> gate.publisher(null)).withMessage("source");
        assertThatNullPointerException()
                .isThrownBy(() -> publisher().subscribe(null))
                .withMessage("subscriber");
    }

    @Test
    void theItemsMayBeOfASubtype() {
        Supplier<Flow.Publisher<String>> strings = Source::new;
        Flow.Publisher<CharSequence> publisher = gate.publisher(strings);

        assertThat(publisher).isNotNull();
    }
}
