package io.github.cpugate.bench.loop;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import io.github.cpugate.bench.Machine;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.demo.Limiter;
import io.github.cpugate.demo.ModelServer;
import io.github.cpugate.demo.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Limiters compared on the same streaming workload. They alternate, round by round; then some of them are disturbed by
 * another process, left idle, and loaded again. Prints tables and draws pictures.
 */
public final class Loop {

    private static final int SHORT_MAX_TOKENS = 150;
    private static final double BUSY = 15;

    /** Points from the target within which one run does not decide. */
    private static final double CLOSE = 2;

    private static final int ENDED_WITH_PARENT = 143;

    private final Settings settings;
    private final Bench bench;

    private Loop(Settings settings, Bench bench) {
        this.settings = settings;
        this.bench = bench;
    }

    /** Options are system properties, {@code loop.*}: see {@link Settings}. */
    public static void main(String[] args) throws Exception {
        Settings settings;
        try {
            settings = Settings.of(System.getProperties());
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        endWithParent();
        Machine.printWithOptions("bench-loop", settings.given());
        System.out.printf(Locale.ROOT, "This takes about %.1f minutes.%n%n", settings.totalSeconds() / 60);
        Files.createDirectories(Bench.FILES);
        try (ModelServer server = new ModelServer()) {
            AnthropicClient client = AnthropicOkHttpClient.builder()
                    .apiKey("none")
                    .baseUrl(server.baseUrl())
                    .build();
            try {
                CpuSampler meter = CpuSampler.ofHost();
                sayIfTheHostIsBusy(meter);
                double demand = Runtime.getRuntime().availableProcessors() / Terms.SESSIONS_TO_SATURATE;
                Workload workload = new Workload(client, "loop", demand);
                say("%s.", workload.describe());
                workload.warmUp(SHORT_MAX_TOKENS);
                new Loop(settings, new Bench(workload, meter, settings)).compare();
            } finally {
                client.close();
            }
        }
    }

    /** Ctrl-C ends all of them, but a Maven that is killed leaves its child, which would load the machine for long. */
    private static void endWithParent() {
        ProcessHandle.current().parent().ifPresent(parent -> {
            var unused = parent.onExit().thenRun(() -> System.exit(ENDED_WITH_PARENT));
        });
    }

    private static void sayIfTheHostIsBusy(CpuSampler meter) throws InterruptedException {
        meter.sample();
        TimeUnit.SECONDS.sleep(1);
        double before = meter.sample().raw();
        if (before > BUSY) {
            System.out.printf(
                    Locale.ROOT, "This host is at %.0f %% without us; the figures will tell of that too.%n%n", before);
        }
    }

    private void compare() throws IOException, InterruptedException {
        say("A session of middle length takes %.2f s alone.", bench.aloneSeconds());
        Terms terms = new Terms(
                settings.period(),
                settings.ramp(),
                bench.aloneSeconds(),
                settings.wants(Contender.BEST_CONSTANT) ? bestConstant() : 0);

        Rows rows = new Rows(terms);
        for (int round = 1; round <= settings.rounds(); round++) {
            List<Contender> order = new ArrayList<>(settings.contenders());
            Collections.rotate(order, round); // nobody always follows the same
            for (Contender contender : order) {
                rows.add(contender, round(contender, terms, round));
            }
        }
        print(rows);

        Map<Contender, Disturbed> disturbed = new EnumMap<>(Contender.class);
        for (Contender contender : settings.disturbed()) {
            disturbed.put(contender, disturbed(contender, terms));
        }
        print(disturbed, terms);
        System.out.println("Pictures, and a line per second of each run: " + Bench.FILES);
    }

    /** The largest that keeps mean CPU at or under the target, from one that ought to. */
    private int bestConstant() throws InterruptedException {
        int slots = (int) Math.round(Terms.SESSIONS_TO_SATURATE * Terms.TARGET / 100);
        if (keepsTheTarget(slots)) {
            while (slots < Terms.MAX_SLOTS && keepsTheTarget(slots + 1)) {
                slots++;
            }
            return slots;
        }
        do {
            slots--;
        } while (slots > 1 && !keepsTheTarget(slots));
        return slots;
    }

    private boolean keepsTheTarget(int slots) throws InterruptedException {
        double cpu = cpuUnder(slots);
        if (Math.abs(cpu - Terms.TARGET) < CLOSE) {
            cpu = (cpu + cpuUnder(slots)) / 2;
        }
        return cpu <= Terms.TARGET;
    }

    private double cpuUnder(int slots) throws InterruptedException {
        try (Limiter limiter = Limiter.fixed(slots)) {
            Outcome outcome = bench.run(limiter, settings.sessions(), "constant-" + slots, tick -> {});
            say("Looking for the best constant, %d: %s.", slots, Rows.note(outcome));
            if (Double.isNaN(outcome.cpu())) {
                throw new IllegalStateException("the batch ended before it was steady; try more sessions");
            }
            return outcome.cpu();
        } catch (RuntimeException | IOException e) {
            throw new IllegalStateException("a constant of " + slots + " failed", e);
        }
    }

    private Outcome round(Contender contender, Terms terms, int round) throws InterruptedException {
        try (Limiter limiter = contender.make(terms)) {
            Outcome outcome = bench.run(
                    limiter, settings.sessions(), contender.name().toLowerCase(Locale.ROOT) + "-" + round, tick -> {});
            say("Round %d of %d, %s: %s.", round, settings.rounds(), contender.label(terms), Rows.note(outcome));
            return outcome;
        } catch (RuntimeException | IOException e) {
            throw new IllegalStateException(contender + " failed in round " + round, e);
        }
    }

    private Disturbed disturbed(Contender contender, Terms terms) throws InterruptedException {
        try (Limiter limiter = contender.make(terms)) {
            String file = contender.name().toLowerCase(Locale.ROOT) + "-disturbed";
            Disturbed run = Disturbed.run(bench, settings, limiter, file);
            say("Disturbed, %s; back in band: %s.", contender.label(terms), seconds(run.back()));
            return run;
        } catch (RuntimeException | IOException e) {
            throw new IllegalStateException(contender + " failed when disturbed", e);
        }
    }

    private void print(Rows rows) throws IOException {
        System.out.printf(
                Locale.ROOT,
                "%d sessions, a step each %d ms, target %.0f %%, %d to %d slots; %s:%n%n%s%n%n",
                settings.sessions(),
                settings.period().toMillis(),
                Terms.TARGET,
                Terms.MIN_SLOTS,
                Terms.MAX_SLOTS,
                settings.rounds() == 1 ? "one round" : "medians of " + settings.rounds() + " (least to most)",
                rows.table(bench.aloneCpu()));
        Files.writeString(
                Bench.FILES.resolve("loop.svg"),
                Picture.of(
                        settings.sessions() + " streaming sessions under each limiter, in its median round",
                        rows.panels()));
    }

    private void print(Map<Contender, Disturbed> runs, Terms terms) throws IOException {
        if (runs.isEmpty()) {
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "Another process on one processor for %d s; %d s idle:%n%n"
                        + "| | back in band, once it left | limit after the idle time "
                        + "| highest CPU in the next batch's first %d s |%n| --- | --- | --- | --- |%n",
                settings.busy(),
                settings.idle(),
                Disturbed.FIRST_SECONDS);
        List<Picture.Panel> panels = new ArrayList<>();
        runs.forEach((contender, run) -> {
            String name = contender.label(terms);
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %s | %d | %.0f %% |%n",
                    name,
                    seconds(run.back()),
                    run.limitAfterIdle(),
                    run.highestAfterIdle());
            panels.add(new Picture.Panel(
                    name,
                    "back in band: " + seconds(run.back()),
                    run.ticks(),
                    List.of(
                            new Picture.Span(run.busyFrom(), run.busyTo(), "another process"),
                            new Picture.Span(run.idleFrom(), run.idleTo(), "idle"))));
        });
        System.out.println();
        Files.writeString(
                Bench.FILES.resolve("loop-disturbed.svg"),
                Picture.of("A batch with another process in the middle, an idle time, and a batch again", panels));
    }

    private static String seconds(double seconds) {
        return Double.isNaN(seconds) ? "not while callers waited" : String.format(Locale.ROOT, "after %.0f s", seconds);
    }

    /** How it goes, apart from what is printed for the docs. */
    private static void say(String format, Object... values) {
        System.err.printf(Locale.ROOT, format + "%n", values);
    }
}
