package io.github.cpugate.docs;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** A model service that streams some tokens on a thread of its own, and counts the sessions that run there at once. */
public final class FakeModel implements AutoCloseable {

    private static final int TOKENS = 5;
    private static final long TOKEN_NANOS = 20_000;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    public final AtomicInteger running = new AtomicInteger();
    public final AtomicInteger most = new AtomicInteger();
    public final AtomicInteger started = new AtomicInteger();
    public final AtomicInteger completed = new AtomicInteger();

    /** Starts a session; returns what cancels it. A session has ended here before {@code end} is called. */
    public Runnable stream(Consumer<String> token, Runnable end) {
        started.incrementAndGet();
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        Session session = new Session();
        threads.execute(() -> {
            for (int i = 0; i < TOKENS && !session.ended; i++) {
                spin(TOKEN_NANOS);
                token.accept("token " + i);
            }
            if (session.end()) {
                completed.incrementAndGet();
                end.run();
            }
        });
        return session::end;
    }

    /** Runs a session on this thread, until the session has ended or the thread is interrupted. */
    public String ask(String prompt) throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Runnable session = stream(token -> {}, end::countDown);
        try {
            end.await();
            return "answer to " + prompt;
        } catch (InterruptedException e) {
            session.run();
            throw e;
        }
    }

    /** A session that runs until it has completed or been cancelled. */
    private final class Session {

        private final ReentrantLock lock = new ReentrantLock(); // so that a session that has ended is not counted
        private volatile boolean ended;

        boolean end() {
            lock.lock();
            try {
                if (ended) {
                    return false;
                }
                ended = true;
                running.decrementAndGet();
                return true;
            } finally {
                lock.unlock();
            }
        }
    }

    public static void spin(long nanos) {
        long until = System.nanoTime() + nanos;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
