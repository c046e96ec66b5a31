package io.github.cpugate.bench;

import com.netflix.concurrency.limits.Limiter;
import com.netflix.concurrency.limits.limit.FixedLimit;
import com.netflix.concurrency.limits.limiter.BlockingLimiter;
import com.netflix.concurrency.limits.limiter.SimpleLimiter;
import dev.failsafe.Bulkhead;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.IntFunction;

/** The gate, its variants, what it might become, and the others, each with its wait as long as it allows. */
public enum Peers {
    FAIR("`Semaphore`, fair", slots -> new OfSemaphore(new Semaphore(slots, true))),
    UNFAIR("`Semaphore`, unfair", slots -> new OfSemaphore(new Semaphore(slots, false))),
    RESILIENCE4J("Resilience4j 2.4.0 `SemaphoreBulkhead`", OfResilience4j::new),
    FAILSAFE("Failsafe 3.3.2 `Bulkhead`", OfFailsafe::new),
    NETFLIX("concurrency-limits 0.5.4 `BlockingLimiter`", OfNetflix::new),
    GATE("the gate", slots -> new OfGate(gate(slots).build())),
    GATE_NO_CLOCK(
            "the gate, with a clock that stands still",
            slots -> new OfGate(gate(slots).nanoClock(() -> 0).build())),
    GATE_LEAK_WARNING(
            "the gate, with `leakWarning`",
            slots -> new OfGate(gate(slots).leakWarning(Duration.ofHours(1)).build())),
    GATE_ASYNC("the gate, by `slotAsync`", slots -> new OfGateAsync(gate(slots).build())),
    ONE_WORD("what if: one word", OneWord::new),
    ONE_WORD_TIMED("what if: one word, with the mean in flight", OneWordTimed::new),
    BARE("park and unpark alone", BareRelay::new);

    final String label;

    @SuppressWarnings("ImmutableEnumChecker") // a function without state
    private final IntFunction<Peer> maker;

    Peers(String label, IntFunction<Peer> maker) {
        this.label = label;
        this.maker = maker;
    }

    /** Makes one with so many slots, all free. */
    Peer make(int slots) {
        return maker.apply(slots);
    }

    private static AdaptiveCpuGate.Builder gate(int slots) {
        return AdaptiveCpuGate.builder().manual().maxSlots(slots).initialSlots(slots);
    }

    private record OfGate(AdaptiveCpuGate gate) implements Peer {
        @Override
        public Object enter() throws InterruptedException {
            return gate.slot();
        }

        @Override
        public void leave(Object held) {
            ((Slot) held).close();
        }
    }

    private record OfGateAsync(AdaptiveCpuGate gate) implements Peer {
        @Override
        public Object enter() {
            return gate.slotAsync().join();
        }

        @Override
        public void leave(Object held) {
            ((Slot) held).close();
        }
    }

    private record OfSemaphore(Semaphore semaphore) implements Peer {
        @Override
        public Object enter() throws InterruptedException {
            semaphore.acquire();
            return semaphore;
        }

        @Override
        public void leave(Object held) {
            semaphore.release();
        }
    }

    private record OfResilience4j(io.github.resilience4j.bulkhead.Bulkhead bulkhead) implements Peer {
        OfResilience4j(int slots) {
            this(io.github.resilience4j.bulkhead.Bulkhead.of(
                    "bench",
                    BulkheadConfig.custom()
                            .maxConcurrentCalls(slots)
                            .maxWaitDuration(Duration.ofHours(1))
                            .build()));
        }

        @Override
        public Object enter() {
            bulkhead.acquirePermission();
            return bulkhead;
        }

        @Override
        public void leave(Object held) {
            bulkhead.releasePermission();
        }
    }

    private record OfFailsafe(Bulkhead<Object> bulkhead) implements Peer {
        OfFailsafe(int slots) {
            this(Bulkhead.of(slots));
        }

        @Override
        public Object enter() throws InterruptedException {
            bulkhead.acquirePermit();
            return bulkhead;
        }

        @Override
        public void leave(Object held) {
            bulkhead.releasePermit();
        }
    }

    private record OfNetflix(Limiter<Object> limiter) implements Peer {
        OfNetflix(int slots) {
            this(BlockingLimiter.wrap(
                    SimpleLimiter.newBuilder().limit(FixedLimit.of(slots)).build()));
        }

        @Override
        public Object enter() {
            return limiter.acquire(this).orElseThrow();
        }

        @Override
        public void leave(Object held) {
            ((Limiter.Listener) held).onSuccess();
        }
    }
}
