package io.github.cpugate.bench;

import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.internal.share.GateState;
import io.github.cpugate.internal.share.PeerDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Times what {@code shareHost} adds to a step: reading the files of the others, and writing the own one. */
public final class SharedDirectory {

    private static final int GATES = 8;
    private static final int WARM_UP = 3000;
    private static final int STEPS = 2000;

    private SharedDirectory() {}

    /**
     * Prints the median and the 99th percentile.
     *
     * @param args a directory in which one is made; by default that of temporary files
     * @throws IOException if no directory can be made
     */
    public static void main(String[] args) throws IOException {
        Path parent = Path.of(args.length == 0 ? System.getProperty("java.io.tmpdir") : args[0]);
        Path directory = Files.createTempDirectory(parent, "cpugate");
        List<PeerDirectory> gates = new ArrayList<>();
        for (int i = 0; i < GATES; i++) {
            gates.add(new PeerDirectory(directory, 2_000_000_000, System::nanoTime, problem -> {
                if (problem != null) {
                    throw new IllegalStateException(String.valueOf(problem));
                }
            }));
        }
        GateState state = new GateState(70, 12.34, 12.5, 13.1, 3.27, 4, 4, true, false);
        long[] nanos = new long[STEPS];
        int peers = 0;
        for (int step = -WARM_UP; step < STEPS; step++) {
            for (PeerDirectory other : gates.subList(1, GATES)) {
                other.publish(state, CpuReading.HOST);
            }
            long start = System.nanoTime();
            peers = gates.get(0).others(CpuReading.HOST).size();
            gates.get(0).publish(state, CpuReading.HOST);
            nanos[Math.max(0, step)] = System.nanoTime() - start;
        }
        gates.forEach(PeerDirectory::close);
        Files.delete(directory);
        Arrays.sort(nanos);
        System.out.printf(
                Locale.ROOT,
                "A step with %d peers in %s: median %.0f µs, 99th percentile %.0f µs%n",
                peers,
                parent,
                nanos[STEPS / 2] / 1e3,
                nanos[STEPS * 99 / 100] / 1e3);
    }
}
