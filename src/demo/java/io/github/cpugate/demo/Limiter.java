package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import java.util.concurrent.Semaphore;

/** How many sessions may run at once: by a constant, or by the gate. */
interface Limiter extends AutoCloseable {

    /** A slot held. */
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    Held enter() throws InterruptedException;

    int limit();

    int inFlight();

    int waiting();

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
            public int limit() {
                return slots;
            }

            @Override
            public int inFlight() {
                return slots - semaphore.availablePermits();
            }

            @Override
            public int waiting() {
                return semaphore.getQueueLength();
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
            public int limit() {
                return gate.snapshot().limit();
            }

            @Override
            public int inFlight() {
                return gate.snapshot().inFlight();
            }

            @Override
            public int waiting() {
                GateSnapshot now = gate.snapshot();
                return now.waiting();
            }

            @Override
            public void close() {
                gate.close();
            }
        };
    }
}
