package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import java.time.Duration;

/** Sessions that use an exact part of a core, one after the other on each of some threads, until the gate is closed. */
final class CpuSessions {

    private static final Duration TICK = Duration.ofMillis(100);

    private CpuSessions() {}

    static void start(AdaptiveCpuGate gate, int threads, double cores, Duration length) {
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(() -> run(gate, cores, length));
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static void run(AdaptiveCpuGate gate, double cores, Duration length) {
        while (true) {
            try (Slot slot = gate.slot()) {
                for (long left = length.dividedBy(TICK); left > 0; left--) {
                    CpuTime.burn((long) (cores * TICK.toNanos()));
                    Thread.sleep(TICK.toMillis());
                }
            } catch (InterruptedException | RuntimeException e) {
                return; // the gate is closed
            }
        }
    }
}
