package io.github.cpugate.internal.share;

import java.util.List;

/** The other gates that share the host with a gate. No method throws. */
public interface Peers {

    /**
     * Another gate.
     *
     * @param state what it has told last
     * @param sameJvm whether it is a gate of this JVM
     * @param sameScope whether its CPU is measured in percent of the same scope
     */
    record Peer(GateState state, boolean sameJvm, boolean sameScope) {}

    /** Returns the other gates that run. {@code scope} is that of this gate's sample. */
    List<Peer> others(String scope);

    /** Tells the others about this gate. */
    void publish(GateState mine, String scope);

    /** Reports that something is wrong with what the others tell. */
    void report(String problem);

    /** Tells the others that this gate has ended. May be called by any thread, and again; waits for no step. */
    void close();
}
