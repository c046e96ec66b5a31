package io.github.cpugate;

/**
 * What a gate gets of the CPU that it shares with other gates, as
 * {@link AdaptiveCpuGate.Builder#shareHost(java.nio.file.Path)} asks for.
 *
 * <p>Immutable. Components may be added to the record: read it, do not construct it.
 *
 * @param peers number of other gates that this gate sees: those that run, with the same directory, target and scope
 * @param percent how much of the target is this gate's, percent of the target; 100 if no peer competes for CPU. A peer
 *     competes if callers wait in its line for CPU, or if it uses more than its part of the CPU. It does not compete if
 *     it is at its {@code minSlots} and already has more than its part
 * @param peersCpu the CPU that the peers in other JVMs used, percent of the scope, as each of them last told; a part of
 *     {@link io.github.cpugate.cpu.CpuSample#others()}, but for 3.5 periods after a peer was killed, while its last
 *     value stands; {@code NaN} if it is unknown, 0 if there are none
 */
public record HostShare(int peers, double percent, double peersCpu) {

    /** That of a gate that sees no peers, or does not share. */
    public static final HostShare ALONE = new HostShare(0, 100, 0);
}
