package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.observe.Journal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The same batch at a service that limits requests at once: under the CPU limit alone, and with the API ceiling. */
final class ServiceLimit {

    private final ModelServer server;
    private final CpuSampler meter;
    private final LiveLine live;
    private final List<Integer> parts;
    private final double target;
    private final int minSlots;
    private final int maxSlots;
    private final List<String> rows = new ArrayList<>();

    ServiceLimit(
            ModelServer server,
            CpuSampler meter,
            LiveLine live,
            List<Integer> parts,
            double target,
            int minSlots,
            int maxSlots) {
        this.server = server;
        this.meter = meter;
        this.live = live;
        this.parts = List.copyOf(parts);
        this.target = target;
        this.minSlots = minSlots;
        this.maxSlots = maxSlots;
    }

    /** Runs the batch, and leaves its ticks and the gate's steps in files. */
    void run(String name, Path ticks, Path steps, boolean isTold, Session session, int sessions)
            throws InterruptedException, IOException {
        ApiLimit limit = new ApiLimit(parts);
        System.out.printf(
                "%d sessions, %s; the service allows %s requests at once, in equal parts of the batch ...%n",
                sessions, name, parts.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name(name)
                .targetCpu(target)
                .minSlots(minSlots)
                .maxSlots(maxSlots)
                .listener(Journal.jsonLines(steps))
                .build();
        server.limit(limit);
        try (Limiter limiter = Limiter.gate(gate, isTold)) {
            RunResult run = new Batch(Collections.nCopies(sessions, session), meter, tick -> {
                        limit.progress(tick.done(), sessions);
                        live.show(tick, sessions);
                    })
                    .run(limiter, () -> 0, ticks);
            live.end();
            add(name, run, limit.refusals(), gate.snapshot());
        } finally {
            server.limit(null);
        }
    }

    private void add(String name, RunResult run, ApiLimit.Refusals refusals, GateSnapshot end) {
        RunResult.Steady steady = run.steady();
        rows.add(String.format(
                Locale.ROOT,
                "| %s | %.0f ± %.0f %% | %.1f s | %d of %d | %.1f %% | %.1f %% | %d s | %d s |",
                name,
                steady.meanCpu(),
                steady.sdCpu(),
                run.batchSeconds(),
                refusals.refused(),
                refusals.requests(),
                refusals.percent(),
                refusals.latePercent(),
                end.heldBack().cpu().toSeconds(),
                end.heldBack().api().toSeconds()));
    }

    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        lines.add("| | CPU, while some wait | batch | requests refused | share | share after ten periods | "
                + "held back by CPU | by the API |");
        lines.add("| --- | --- | --- | --- | --- | --- | --- | --- |");
        lines.addAll(rows);
        lines.add("");
        lines.add("Share after ten periods: of requests sent later than 20 s after the service's limit had changed.");
        return String.join(System.lineSeparator(), lines);
    }
}
