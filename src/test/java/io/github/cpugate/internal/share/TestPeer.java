package io.github.cpugate.internal.share;

import io.github.cpugate.internal.share.Peers.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** A gate as its peers see it: a directory of peers, by the clock of the test, and the problems that it reports. */
final class TestPeer {

    static final String SCOPE = "host";
    static final String OTHER_JVM = "0123456789abcdef";
    static final GateState STATE = new GateState(70, 20, 20, 20, 5, 4, 4, true, false);

    private static final double NANOS = 1e9;

    final PeerDirectory peers;
    private final List<String> problems = new ArrayList<>(); // of each step; empty: none
    private Runnable onFaults = () -> {};

    TestPeer(Path directory, AtomicLong clock) {
        this(directory, clock, 1);
    }

    TestPeer(Path directory, AtomicLong clock, double periodSeconds) {
        peers = new PeerDirectory(directory, (long) (periodSeconds * NANOS), clock::get, problem -> {
            problems.add(problem == null ? "" : problem.toString());
            onFaults.run();
        });
    }

    void onFaults(Runnable action) {
        onFaults = action;
    }

    /** Makes a step and returns the peers that it saw. */
    List<Peer> step() {
        List<Peer> others = peers.others(SCOPE);
        peers.publish(STATE, SCOPE);
        return others;
    }

    /** Makes steps until each of the gates has seen the others change. */
    static void meet(TestPeer... gates) {
        for (int round = 0; round < 3; round++) {
            for (TestPeer each : gates) {
                each.step();
            }
        }
    }

    /** Makes so many steps that a fault that lasts is reported. */
    String problemAfterSteps() {
        for (int i = 0; i < 3; i++) {
            step();
        }
        return problem();
    }

    /** What the last step reported; empty if nothing was wrong. */
    String problem() {
        return problems.isEmpty() ? "no step was made" : problems.get(problems.size() - 1);
    }

    static void pass(AtomicLong clock, double seconds) {
        clock.addAndGet((long) (seconds * NANOS));
    }

    /** Returns the only file of a gate in the directory. */
    static Path onlyFile(Path directory) throws IOException {
        List<Path> files = gateFiles(directory);
        if (files.size() != 1) {
            throw new AssertionError("not one file: " + files);
        }
        return files.get(0);
    }

    static List<Path> gateFiles(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(each -> each.toString().endsWith(".gate")).toList();
        }
    }

    /** A record of a gate of another JVM. */
    static byte[] record(long sequence) {
        return RecordFormat.bytes(new RecordFormat.Entry(sequence, Place.of(SCOPE, OTHER_JVM), OTHER_JVM, 1, STATE));
    }
}
