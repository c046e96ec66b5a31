package io.github.cpugate.internal.share;

import java.util.ArrayList;
import java.util.List;

/** Peers that the test makes up, and what the gate tells them. */
final class FakePeers implements Peers {

    List<Peer> others = List.of();
    final List<GateState> published = new ArrayList<>();
    final List<String> problems = new ArrayList<>();
    boolean closed;

    @Override
    public List<Peer> others(String scope) {
        return others;
    }

    @Override
    public void publish(GateState mine, String scope) {
        published.add(mine);
    }

    @Override
    public void report(String problem) {
        problems.add(problem);
    }

    @Override
    public void close() {
        closed = true;
    }

    GateState last() {
        return published.get(published.size() - 1);
    }
}
