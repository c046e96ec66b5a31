package io.github.cpugate.internal.line;

import io.github.cpugate.Slot;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Publishes a source in a slot: each subscription waits in line, then subscribes to a new source, and holds the slot
 * until the source ends or the subscriber cancels (Reactive Streams 1.0.4, rules in brackets).
 */
public final class GatedPublisher<T> implements Flow.Publisher<T> {

    private final Supplier<CompletableFuture<Slot>> slots;
    private final Supplier<? extends Flow.Publisher<? extends T>> sources;

    public GatedPublisher(
            Supplier<CompletableFuture<Slot>> slots, Supplier<? extends Flow.Publisher<? extends T>> sources) {
        this.slots = slots;
        this.sources = sources;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super T> subscriber) {
        Session<T> session = new Session<>(subscriber);
        subscriber.onSubscribe(session);
        session.lineUp(slots, sources);
    }

    /**
     * One subscription, on both sides: the subscriber's subscription, and the subscriber of the source.
     *
     * <p>It ends once. Whoever ends it gives the slot back, before the subscriber learns of the end; only a session
     * that is cancelled while it is being started gives it back when it has been started and cancelled, so that no more
     * sessions run than there are slots.
     */
    static final class Session<T> implements Flow.Subscription, Flow.Subscriber<T> {

        private enum State {
            IN_LINE,
            STARTING,
            /** The thread that starts the session gives the slot back. */
            CANCELLED_WHILE_STARTING,
            RUNNING,
            ENDED
        }

        private static final Flow.Subscription CANCELLED = new Flow.Subscription() {
            @Override
            public void request(long n) {}

            @Override
            public void cancel() {}
        };

        private final Flow.Subscriber<? super T> subscriber;
        private final AtomicReference<Flow.@Nullable Subscription> source = new AtomicReference<>();
        private final AtomicLong requested = new AtomicLong(); // items that the source has not been asked for yet
        private final AtomicReference<State> state = new AtomicReference<>(State.IN_LINE);
        private volatile @Nullable CompletableFuture<Slot> turn; // null until the session is in line

        Session(Flow.Subscriber<? super T> subscriber) {
            this.subscriber = Objects.requireNonNull(subscriber, "subscriber");
        }

        void lineUp(Supplier<CompletableFuture<Slot>> slots, Supplier<? extends Flow.Publisher<? extends T>> sources) {
            if (hasEnded()) {
                return; // cancelled within onSubscribe
            }
            CompletableFuture<Slot> turn = slots.get();
            this.turn = turn;
            if (hasEnded()) {
                release(); // whoever ended the session may not have seen the turn
            }
            var unused = turn.whenComplete((slot, refusal) -> {
                if (refusal != null) {
                    refused(refusal);
                } else if (state.compareAndSet(State.IN_LINE, State.STARTING)) {
                    subscribeTo(sources);
                }
            });
        }

        private void refused(Throwable refusal) {
            boolean isWrapped = refusal instanceof CompletionException && refusal.getCause() != null;
            if (state.compareAndSet(State.IN_LINE, State.ENDED)) {
                subscriber.onError(isWrapped ? refusal.getCause() : refusal);
            }
        }

        private void subscribeTo(Supplier<? extends Flow.Publisher<? extends T>> sources) {
            try {
                Objects.requireNonNull(sources.get(), "the source is null").subscribe(this);
            } catch (Throwable t) {
                cancelSource();
                onError(t);
            }
            if (!state.compareAndSet(State.STARTING, State.RUNNING)
                    && state.compareAndSet(State.CANCELLED_WHILE_STARTING, State.ENDED)) {
                release();
            }
        }

        private boolean hasEnded() {
            return isEnd(state.get());
        }

        private static boolean isEnd(@Nullable State state) {
            return state == State.ENDED || state == State.CANCELLED_WHILE_STARTING;
        }

        /** Ends the session, since the source has ended; returns false if it has ended before. */
        private boolean end() {
            State before = state.getAndUpdate(now -> isEnd(now) ? now : State.ENDED);
            if (!isEnd(before)) {
                release();
            }
            return !isEnd(before);
        }

        /** Ends the session, since the subscriber wants no more; returns false if it has ended before. */
        private boolean endEarly() {
            cancelSource();
            State before = state.getAndUpdate(
                    now -> isEnd(now) ? now : now == State.STARTING ? State.CANCELLED_WHILE_STARTING : State.ENDED);
            if (before == State.IN_LINE || before == State.RUNNING) {
                release();
            }
            return !isEnd(before);
        }

        private void release() {
            CompletableFuture<Slot> turn = this.turn;
            if (turn != null) {
                Slot.release(turn);
            }
        }

        private void cancelSource() {
            Flow.Subscription cancelled = source.getAndSet(CANCELLED);
            if (cancelled != null) {
                cancelled.cancel();
            }
        }

        @Override
        public void request(long n) {
            if (n <= 0) { // [3.9]
                if (endEarly()) {
                    subscriber.onError(new IllegalArgumentException("request must be positive, was " + n));
                }
                return;
            }
            requested.accumulateAndGet(n, (all, more) -> all + more < 0 ? Long.MAX_VALUE : all + more); // [3.17]
            Flow.Subscription source = this.source.get();
            if (source != null) {
                requestFrom(source);
            }
        }

        private void requestFrom(Flow.Subscription source) {
            long n = requested.getAndSet(0);
            if (n > 0) {
                source.request(n);
            }
        }

        @Override
        public void cancel() {
            var unused = endEarly();
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            Objects.requireNonNull(subscription, "subscription");
            if (source.compareAndSet(null, subscription)) {
                requestFrom(subscription);
            } else {
                subscription.cancel(); // [2.5], or cancelled meanwhile
            }
        }

        @Override
        public void onNext(T item) {
            Objects.requireNonNull(item, "item");
            if (!hasEnded()) {
                subscriber.onNext(item);
            }
        }

        @Override
        public void onError(Throwable failure) {
            Objects.requireNonNull(failure, "failure");
            if (end()) {
                subscriber.onError(failure);
            }
        }

        @Override
        public void onComplete() {
            if (end()) {
                subscriber.onComplete();
            }
        }
    }
}
