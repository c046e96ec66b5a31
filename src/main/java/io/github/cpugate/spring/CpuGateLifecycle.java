package io.github.cpugate.spring;

import io.github.cpugate.AdaptiveCpuGate;
import org.springframework.context.SmartLifecycle;

/**
 * Closes a gate before the web server stops: requests that wait in line fail at once with a
 * {@link io.github.cpugate.GateClosedException}, and the server waits for those in a slot only. Otherwise it would wait
 * for the whole line, or give up on requests in a slot when its time has passed.
 *
 * <p>Thread-safe.
 */
public final class CpuGateLifecycle implements SmartLifecycle {

    private final AdaptiveCpuGate gate;
    private volatile boolean running;

    /**
     * Creates the lifecycle of a gate.
     *
     * @param gate the gate to close
     */
    public CpuGateLifecycle(AdaptiveCpuGate gate) {
        this.gate = gate;
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
        gate.close();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** {@return the highest phase: what starts last stops first} The web server's phases are below it. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE;
    }
}
