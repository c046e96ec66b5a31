package io.github.cpugate.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link Uncontended} in rounds, each peer in a JVM of its own, one after the other, so that a machine that slows
 * down for a minute does so for all of them. Arguments: {@code short} to try it, names of {@link Peers} for these only.
 */
public final class UncontendedMain {

    private UncontendedMain() {}

    public static void main(String[] args) throws RunnerException {
        List<String> words = Arrays.asList(args);
        boolean isShort = words.contains("short");
        List<Peers> peers = new ArrayList<>(EnumSet.complementOf(EnumSet.of(Peers.BARE)));
        if (peers.stream().anyMatch(peer -> words.contains(peer.name()))) {
            peers.removeIf(peer -> !words.contains(peer.name()));
        }
        Machine.print("bench-uncontended", args);

        String[] benchmarks = {"byOneThread", "byTwoThreads"};
        List<Map<Peers, Figures>> times = List.of(new EnumMap<>(Peers.class), new EnumMap<>(Peers.class));
        List<Map<Peers, Figures>> bytes = List.of(new EnumMap<>(Peers.class), new EnumMap<>(Peers.class));
        int rounds = isShort ? 1 : 5;
        for (int round = 1; round <= rounds; round++) {
            List<Peers> order = new ArrayList<>(peers);
            Collections.rotate(order, round); // nobody always follows the same
            for (Peers peer : order) {
                System.err.printf("round %d of %d: %s%n", round, rounds, peer);
                for (int b = 0; b < benchmarks.length; b++) {
                    RunResult result = run(benchmarks[b], peer, isShort);
                    times.get(b)
                            .computeIfAbsent(peer, p -> new Figures())
                            .add(result.getPrimaryResult().getScore());
                    bytes.get(b)
                            .computeIfAbsent(peer, p -> new Figures())
                            .add(result.getSecondaryResults()
                                    .get("gc.alloc.rate.norm")
                                    .getScore());
                }
            }
        }

        for (int b = 0; b < benchmarks.length; b++) {
            System.out.printf(
                    "| %s | ns, median of %d JVMs | least to most | against fair | bytes |%n",
                    b == 0 ? "one thread" : "two threads", rounds);
            System.out.println("| --- | --- | --- | --- | --- |");
            for (Peers peer : peers) {
                Figures time = times.get(b).get(peer);
                System.out.printf(
                        "| %s | %s | %s | %s |%n",
                        peer.label,
                        time.cells("%.1f"),
                        time.against(times.get(b).get(Peers.FAIR)),
                        bytes.get(b).get(peer).cell("%.0f"));
            }
            System.out.println();
        }
    }

    private static RunResult run(String benchmark, Peers peer, boolean isShort) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\b" + Uncontended.class.getSimpleName() + "\\." + benchmark + "$")
                .param("peer", peer.name())
                .forks(1)
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        if (!Machine.launcher().equals("java")) {
            options = options.jvm(Machine.launcher());
        }
        if (isShort) {
            options = options.warmupIterations(2)
                    .measurementIterations(2)
                    .warmupTime(TimeValue.milliseconds(200))
                    .measurementTime(TimeValue.milliseconds(200));
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        return results.iterator().next();
    }
}
