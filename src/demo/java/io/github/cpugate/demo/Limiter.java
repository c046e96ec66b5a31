package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import java.util.concurrent.Semaphore;

/** How many sessions may run at once: by a constant, or by the gate. */
public interface Limiter extends AutoCloseable {

    /** A slot held. */
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /** The limiter at one moment. */
    record Counts(int limit, int inFlight, int waiting) {}

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
        return new Limiter() {
            @Override
            public Held enter() throws InterruptedException {
                return gate.slot()::close;
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
