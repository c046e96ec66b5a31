package io.github.cpugate.sim;

import io.github.cpugate.internal.share.GateState;
import io.github.cpugate.internal.share.Peers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;

/** What gates that share a host tell each other, in memory: the directory without its files. */
final class Board {

    private static final double STALE = 3.5; // periods

    private record Entry(GateState state, int jvm, double at, double period) {}

    private final Map<Integer, Entry> entries = new TreeMap<>();
    private final DoubleSupplier seconds;

    Board(DoubleSupplier seconds) {
        this.seconds = seconds;
    }

    /** The peers of a gate, by its number; gates of one process have the same {@code jvm}. */
    Peers of(int gate, int jvm, double period) {
        return new Peers() {
            @Override
            public List<Peer> others(String scope) {
                List<Peer> others = new ArrayList<>();
                entries.forEach((id, entry) -> {
                    if (id != gate && seconds.getAsDouble() - entry.at <= STALE * entry.period) {
                        others.add(new Peer(entry.state, entry.jvm == jvm, true));
                    }
                });
                return others;
            }

            @Override
            public void publish(GateState mine, String scope) {
                entries.put(gate, new Entry(mine, jvm, seconds.getAsDouble(), period));
            }

            @Override
            public void report(String problem) {}

            @Override
            public void close() {
                entries.remove(gate);
            }
        };
    }
}
