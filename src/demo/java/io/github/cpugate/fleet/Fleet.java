package io.github.cpugate.fleet;

import io.github.cpugate.observe.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Three workers with CPU quotas of 0.25, 0.4 and 0.6 cores take sessions from one queue of a Temporal server: under a
 * gate, under a fixed limit, and under Temporal's resource-based tuner. The server and each worker are a JVM of their
 * own. Where control groups with quotas cannot be made, the workers have no quotas and share the host.
 */
public final class Fleet {

    private static final List<Double> CORES = List.of(0.25, 0.4, 0.6);
    private static final Map<String, String> LIMITS = new LinkedHashMap<>();

    static {
        LIMITS.put("headroom", "gate, `headroom()`");
        LIMITS.put("oneSlot", "gate, `oneSlot()`");
        LIMITS.put("fixed", "fixed, 12 sessions");
        LIMITS.put("tuner", "Temporal's tuner, 50 ms");
    }

    private static final int ROUNDS = 3;
    private static final int WARM_UP = 120; // sessions; the smallest worker compiles for longest
    private static final int SESSIONS = 600;
    private static final double LEAST_CPU = 58; // percent
    private static final double MOST_CPU = 76; // percent
    private static final double SHARE = 5; // points
    private static final int SHORT_SESSIONS = 400;
    private static final int SESSIONS_WITH_A_KILL = 120;

    private Fleet() {}

    /**
     * Runs the fleet, and prints a table: medians of three rounds of 600 sessions, about 5 minutes for each limit.
     *
     * @param args the limits: {@code headroom}, {@code oneSlot}, {@code fixed}, {@code tuner}; by default, all of them.
     *     {@code short} for 400 sessions under {@code headroom()} alone, and 120 more during which a worker is killed;
     *     it fails if a worker is off its target in this batch and in a second one. {@code quiet} to take the host for
     *     idle but for the worker
     * @throws Exception if a run breaks
     */
    public static void main(String[] args) throws Exception {
        List<String> options = Arrays.asList(args);
        boolean quiet = options.contains("quiet");
        boolean quotas = RealFleet.canMakeGroups();
        List<Double> cores = quotas ? CORES : equalParts();
        if (options.contains("short")) {
            runShort(cores, quotas, quiet);
        } else {
            List<String> limits =
                    LIMITS.keySet().stream().filter(options::contains).toList();
            runAll(limits.isEmpty() ? List.copyOf(LIMITS.keySet()) : limits, cores, quotas, quiet);
        }
        // The clients' threads are no daemons.
        System.exit(0);
    }

    private static List<Double> equalParts() {
        double part = (double) Runtime.getRuntime().availableProcessors() / CORES.size();
        return CORES.stream().map(each -> part).toList();
    }

    private static void runAll(List<String> limits, List<Double> cores, boolean quotas, boolean quiet)
            throws Exception {
        Map<String, List<FleetResult>> results = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (String limit : limits) {
                try (RealFleet fleet = new RealFleet(limit, cores, quotas, quiet)) {
                    fleet.run(WARM_UP, 0);
                    FleetResult result = fleet.run(SESSIONS, 0);
                    results.computeIfAbsent(limit, none -> new ArrayList<>()).add(result);
                    System.out.println(result.row(limit + ", round " + (round + 1)));
                    report(fleet, limit);
                }
            }
        }
        System.out.println();
        System.out.println(FleetResult.head(results.get(limits.get(0)).get(0)));
        results.forEach(
                (limit, runs) -> System.out.println(FleetResult.median(runs).row(LIMITS.get(limit))));
    }

    private static void runShort(List<Double> cores, boolean quotas, boolean quiet) throws Exception {
        try (RealFleet fleet = new RealFleet("headroom", cores, quotas, quiet)) {
            fleet.run(WARM_UP, 0);
            FleetResult calm = runCalm(fleet);
            System.out.println(FleetResult.head(calm));
            System.out.println(calm.row(LIMITS.get("headroom")));
            if (quotas && isOff(calm)) {
                // A slot is a tenth of the smallest quota, so a slow minute of the host costs that worker one.
                calm = runCalm(fleet);
                System.out.println(calm.row("the same once more"));
            }
            report(fleet, "headroom");
            if (quotas && isOff(calm)) {
                throw new IllegalStateException("the fleet is off its target: " + calm);
            }
            FleetResult withKill = fleet.run(SESSIONS_WITH_A_KILL, SESSIONS_WITH_A_KILL / 3);
            System.out.println(withKill.row("the same, one worker killed"));
        }
    }

    private static void report(RealFleet fleet, String limit) throws IOException {
        if (!fleet.journals().isEmpty()) {
            Path page = RealFleet.FILES.resolve(limit + ".html");
            Report.write(page, fleet.journals());
            System.out.println("The workers' report: " + page);
        }
    }

    /** Runs a batch in which no worker is killed, so that no session may be done twice. */
    private static FleetResult runCalm(RealFleet fleet) throws IOException, InterruptedException {
        FleetResult result = fleet.run(SHORT_SESSIONS, 0);
        if (result.doneTwice() > 0) {
            throw new IllegalStateException("sessions were done twice: " + result);
        }
        return result;
    }

    private static boolean isOff(FleetResult result) {
        return result.p95() > 1.1 * Sessions.SECONDS_ALONE
                || result.workers().stream().anyMatch(Fleet::isOff);
    }

    private static boolean isOff(FleetResult.Worker worker) {
        return worker.cpu() < LEAST_CPU || worker.cpu() > MOST_CPU || Math.abs(worker.share() - worker.fair()) > SHARE;
    }
}
