package io.github.cpugate.bench.loop;

import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.demo.Batch;
import io.github.cpugate.demo.Limiter;
import io.github.cpugate.demo.RunResult;
import io.github.cpugate.demo.Session;
import io.github.cpugate.demo.Tick;
import io.github.cpugate.demo.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Puts limiters to the same work: the same sessions in the same order, on the same threads, metered in the same way.
 */
final class Bench {

    static final Path FILES = Path.of("target", "loop");

    private static final int STEPS_OF_THE_START = 8;
    private static final long SHUFFLE = 1;

    private final CpuSampler meter;
    private final Settings settings;
    private final Map<Integer, Session> byTokens = new LinkedHashMap<>();
    private final Map<Integer, Double> aloneSeconds = new LinkedHashMap<>();
    private final List<Double> aloneCpu = new ArrayList<>();

    Bench(Workload workload, CpuSampler meter, Settings settings) throws InterruptedException, IOException {
        this.meter = meter;
        this.settings = settings;
        for (int tokens : settings.tokens()) {
            byTokens.put(tokens, workload.session(tokens));
        }
        for (Map.Entry<Integer, Session> each : byTokens.entrySet()) {
            RunResult one = new Batch(List.of(each.getValue()), meter, tick -> {}).run(Limiter.fixed(1), () -> 0, null);
            aloneSeconds.put(each.getKey(), one.wallSeconds().get(0));
            one.ticks().stream().skip(1).map(Tick::cpu).forEach(aloneCpu::add);
        }
    }

    /** What a session of middle length takes alone. */
    double aloneSeconds() {
        return RunResult.percentile(List.copyOf(aloneSeconds.values()), 50);
    }

    /** CPU while one session runs alone, percent of the host. */
    double aloneCpu() {
        return aloneCpu.stream().mapToDouble(cpu -> cpu).average().orElse(Double.NaN);
    }

    /** The seconds of a run that are its start. */
    double start() {
        return STEPS_OF_THE_START * settings.period().toNanos() / 1e9;
    }

    /** Runs a batch of so many sessions under the limiter. Throws if it takes ten times what it should. */
    Outcome run(Limiter limiter, int sessions, String file, Consumer<Tick> each)
            throws InterruptedException, IOException {
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < sessions; i++) {
            tokens.add(settings.tokens().get(i % settings.tokens().size()));
        }
        Collections.shuffle(tokens, new Random(SHUFFLE));
        double limit = 60 + 10 * settings.batchSeconds();
        Batch batch = new Batch(tokens.stream().map(byTokens::get).toList(), meter, tick -> {
            if (tick.elapsed() > limit) {
                throw new IllegalStateException(
                        tick.done() + " of " + sessions + " sessions done in " + Math.round(limit) + " s");
            }
            each.accept(tick);
        });
        rest();
        RunResult run = batch.run(limiter, this::start, FILES.resolve(file + ".jsonl"));
        return Outcome.of(run, tokens.stream().map(aloneSeconds::get).toList());
    }

    /** Leaves nobody the garbage of the one before. */
    private static void rest() throws InterruptedException {
        System.gc();
        TimeUnit.MILLISECONDS.sleep(500);
    }

    /** Meters the limiter for so many seconds in which nobody wants anything of it. */
    List<Tick> idle(Limiter limiter, int seconds) throws InterruptedException {
        List<Tick> ticks = new ArrayList<>();
        meter.sample();
        long start = System.nanoTime();
        for (int second = 1; second <= seconds; second++) {
            TimeUnit.NANOSECONDS.sleep(start + TimeUnit.SECONDS.toNanos(second) - System.nanoTime());
            Limiter.Counts now = limiter.counts();
            ticks.add(new Tick(
                    (System.nanoTime() - start) / 1e9,
                    meter.sample().raw(),
                    now.limit(),
                    now.inFlight(),
                    now.waiting(),
                    0));
        }
        return ticks;
    }
}
