package io.github.cpugate.bench.loop;

import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.Limiter.Listener;
import com.netflix.concurrency.limits.limiter.BlockingLimiter;
import com.netflix.concurrency.limits.limiter.SimpleLimiter;
import io.github.cpugate.demo.Limiter;
import java.util.concurrent.atomic.AtomicInteger;

/** A limit of concurrency-limits behind its own blocking limiter. Each session that ends is a success to it. */
final class NetflixLimiter implements Limiter {

    private final SimpleLimiter<Void> simple;
    private final BlockingLimiter<Void> blocking;
    private final AtomicInteger waiting = new AtomicInteger();

    NetflixLimiter(Limit limit) {
        simple = SimpleLimiter.newBuilder().limit(limit).build();
        blocking = BlockingLimiter.wrap(simple);
    }

    @Override
    public Held enter() {
        waiting.incrementAndGet();
        Listener session;
        try {
            session = blocking.acquire(null).orElseThrow();
        } finally {
            waiting.decrementAndGet();
        }
        return session::onSuccess;
    }

    @Override
    public Counts counts() {
        return new Counts(simple.getLimit(), simple.getInflight(), waiting.get());
    }

    @Override
    public void close() {}
}
