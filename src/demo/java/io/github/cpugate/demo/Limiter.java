package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.Slot;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How many sessions may run at once: by a constant, or by the gate. */
public interface Limiter extends AutoCloseable {

    /** A slot held. */
    interface Held extends AutoCloseable {

        /** The service refused; returns when it may be asked again. */
        default void refused(@Nullable String retryAfter) throws InterruptedException {
            TimeUnit.SECONDS.sleep(1); // what the server on loopback asks for
        }

        @Override
        void close();
    }

    /** The limiter at one moment. */
    record Counts(int limit, int inFlight, int waiting) {}

    /** One of a gate that learns from refusals. */
    record Told(Slot slot) implements Held {

        @Override
        public void refused(@Nullable String retryAfter) throws InterruptedException {
            slot.rateLimitedFor(retryAfter);
            slot.pause();
            slot.resume();
        }

        @Override
        public void close() {
            slot.close();
        }
    }

    Held enter() throws InterruptedException;

    Counts counts();

    @Override
    void close();

    static Limiter fixed(int slots) {
        Semaphore semaphore = new Semaphore(slots, true);
        return new Limiter() {
            @Override
            public Held enter() throws InterruptedException {
                semaphore.acquire();
                return semaphore::release;
            }

            @Override
            public Counts counts() {
                return new Counts(slots, slots - semaphore.availablePermits(), semaphore.getQueueLength());
            }

            @Override
            public void close() {}
        };
    }

    static Limiter gate(AdaptiveCpuGate gate) {
        return gate(gate, true);
    }

    /** Of the gate, which is told of refusals, or whose sessions sleep in their slots instead. */
    static Limiter gate(AdaptiveCpuGate gate, boolean isTold) {
        return new Limiter() {
            @Override
            public Held enter() throws InterruptedException {
                Slot slot = gate.slot();
                return isTold ? new Told(slot) : slot::close;
            }

            @Override
            public Counts counts() {
                GateSnapshot now = gate.snapshot();
                return new Counts(now.limit(), now.inFlight(), now.waiting());
            }

            @Override
            public void close() {
                gate.close();
            }
        };
    }
}
