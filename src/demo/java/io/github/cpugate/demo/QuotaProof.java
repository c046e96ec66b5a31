package io.github.cpugate.demo;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.cpu.CpuSource;
import io.github.cpugate.cpu.QuietHost;
import io.github.cpugate.policy.StepPolicy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;

/**
 * Sessions in a control group with a quota of half a core, under a gate that sees the quota and under one that sees the
 * host alone. The groups are made by this process, the sessions run in a JVM of their own within them.
 */
public final class QuotaProof {

    private static final double CORES = 0.5;
    private static final double TARGET = 70;
    private static final int MOST = 16; // sessions
    private static final double SESSION_CORES = 0.04;
    private static final Duration SESSION = Duration.ofSeconds(2);

    private QuotaProof() {}

    /**
     * Runs both, and fails if the gate that sees the quota went beyond its target.
     *
     * @param args seconds for each run, by default 40; then {@code quiet}, to take the host for idle but for the
     *     sessions
     * @throws Exception if a run breaks
     */
    public static void main(String[] args) throws Exception {
        if (args.length == 3) {
            runSessions(sampler(args[0].equals("quota"), args[2].equals("quiet")), Integer.parseInt(args[1]));
            return;
        }
        int seconds = args.length == 0 ? 40 : Integer.parseInt(args[0]);
        String host = args.length < 2 ? "real" : args[1];
        double withQuota = run("quota", seconds, host);
        if (Double.isNaN(withQuota)) {
            return;
        }
        double hostAlone = run("host", seconds, host);
        System.out.printf(
                Locale.ROOT,
                "%nUse of the quota, mean of the second half: %.0f %% where the gate sees the quota (target %.0f), "
                        + "%.0f %% where it sees the host alone%n",
                withQuota,
                TARGET,
                hostAlone);
        if (withQuota > TARGET + 10) {
            throw new IllegalStateException("the gate did not hold the group at its target");
        }
    }

    /** Returns the group's mean use in the second half, percent of the quota; NaN where no group can be made. */
    private static double run(String mode, int seconds, String host) throws IOException, InterruptedException {
        try (QuotaGroup group =
                QuotaGroup.create("cpugate-proof-" + ProcessHandle.current().pid(), CORES)) {
            System.out.printf(Locale.ROOT, "%nThe gate sees the %s. Each second:%n", mode);
            Process jvm = group.start(
                    JavaCommand.of(List.of(QuotaProof.class.getName(), mode, Integer.toString(seconds), host)));
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(jvm.getInputStream(), StandardCharsets.UTF_8))) {
                return follow(lines, group, seconds);
            } finally {
                jvm.destroy();
                jvm.waitFor();
            }
        } catch (IOException e) {
            System.out.println("Skipped: no control group with a quota can be made or used here: " + e);
            return Double.NaN;
        }
    }

    private static double follow(BufferedReader lines, QuotaGroup group, int seconds) throws IOException {
        List<Double> later = new ArrayList<>();
        long at = System.nanoTime();
        double used = group.usedPercentSeconds();
        int second = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            long now = System.nanoTime();
            double usedNow = group.usedPercentSeconds();
            double percent = (usedNow - used) * 1e9 / (now - at);
            at = now;
            used = usedNow;
            System.out.printf(Locale.ROOT, "%3d  the group uses %3.0f %% of its quota; %s%n", ++second, percent, line);
            if (second > seconds / 2) {
                later.add(percent);
            }
        }
        return later.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static CpuSampler sampler(boolean withQuota, boolean quiet) {
        if (quiet) {
            return CpuSampler.smoothing(withQuota ? QuietHost.withQuotas() : QuietHost.alone(), 0.3);
        }
        return withQuota ? CpuSampler.ofHost() : CpuSampler.smoothing(host(), 0.3);
    }

    private static void runSessions(CpuSampler sampler, int seconds) throws InterruptedException {
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .targetCpu(TARGET)
                .maxSlots(MOST)
                .period(Duration.ofSeconds(1))
                .sampler(sampler)
                .policy(StepPolicy.headroom())
                .build();
        CpuSessions.start(gate, 2 * MOST, SESSION_CORES, SESSION);
        for (int i = 0; i < seconds; i++) {
            Thread.sleep(1000);
            var now = gate.snapshot();
            System.out.printf(
                    Locale.ROOT,
                    "limit %2d, smoothed %3.0f %% of %s%n",
                    now.limit(),
                    now.cpu().smoothed(),
                    now.cpu().scope());
        }
        gate.close();
    }

    /** Host CPU and nothing else, as the ticks tell it. */
    private static CpuSource host() {
        CentralProcessor processor = new SystemInfo().getHardware().getProcessor();
        long[][] last = {processor.getSystemCpuLoadTicks()};
        return () -> {
            double load = processor.getSystemCpuLoadBetweenTicks(last[0]);
            last[0] = processor.getSystemCpuLoadTicks();
            return 100 * load;
        };
    }
}
