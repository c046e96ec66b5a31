package io.github.cpugate.demo;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateListener;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.observe.JfrEvents;
import io.github.cpugate.observe.Journal;
import io.github.cpugate.observe.Report;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The main job: one streaming batch under a constant and then under the gate, and a table of what became of it. */
@Command(
        name = "streaming-batch",
        sortOptions = false,
        description = {
            "Streams a batch of sessions under a fixed number of slots and then under the adaptive gate with each of its "
                    + "policies, and prints what it did to this machine's CPU and to the sessions. Takes about five minutes.",
            "",
            "The model is a server in this process, on loopback. With both ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY set, "
                    + "the sessions go there instead: real requests, some 300 on a small machine and more on a bigger one; it says how many before the first.",
            ""
        })
public final class StreamingBatch implements Callable<Integer> {

    private static final int MAX_TOKENS = 600;
    private static final int SHORT_MAX_TOKENS = 150;
    private static final int ALONE = 3;
    private static final int QUICK_SESSIONS = 16;
    private static final double BUSY = 15;
    private static final Path FILES = Path.of("target", "demo");
    private static final String FIXED = "fixed";
    private static final String ONE_SLOT = "oneSlot";
    private static final String HEADROOM = "headroom";
    private static final List<String> POLICIES = List.of(FIXED, ONE_SLOT, HEADROOM);
    private static final String CPU_ALONE = "cpu-alone";
    private static final String WITH_CEILING = "withCeiling";
    private static final List<String> RUNS = List.of(FIXED, ONE_SLOT, HEADROOM, CPU_ALONE, WITH_CEILING);
    private static final String REPORT_FILE = "report.html";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "print this")
    @SuppressWarnings("UnusedVariable") // picocli looks at the annotation
    private boolean help;

    @Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Option(
            names = "--target",
            paramLabel = "PERCENT",
            defaultValue = "70",
            description = "CPU that the gate is to hold (default: ${DEFAULT-VALUE})")
    private double target;

    @Option(
            names = "--slots",
            paramLabel = "N",
            defaultValue = "12",
            description = "slots of the fixed run (default: ${DEFAULT-VALUE})")
    private int slots;

    @Option(
            names = "--min-slots",
            paramLabel = "N",
            defaultValue = "2",
            description = "the gate's floor (default: ${DEFAULT-VALUE})")
    private int minSlots;

    @Option(
            names = "--max-slots",
            paramLabel = "N",
            defaultValue = "16",
            description = "the gate's ceiling (default: ${DEFAULT-VALUE})")
    private int maxSlots;

    @Option(
            names = "--sessions",
            paramLabel = "N",
            defaultValue = "80",
            description = "sessions in the batch (default: ${DEFAULT-VALUE})")
    private int sessions;

    @Option(
            names = "--api-limit",
            paramLabel = "N",
            split = ",",
            description = "requests that the server allows at once, as 8 or, in equal parts of the batch, as 8,3,8: "
                    + "streams the batch under the gate that is not told of refusals and under the one that is, with "
                    + "short sessions; not with a real service")
    private List<Integer> apiLimit = List.of();

    @Option(
            names = "--policy",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "fixed,oneSlot,headroom",
            description = "the runs, one for each of these (default: ${DEFAULT-VALUE})")
    private List<String> policies = List.of();

    @Option(
            names = "--quick",
            description = "about a minute: " + QUICK_SESSIONS + " short sessions, too few for steady figures")
    private boolean quick;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            defaultValue = "claude-haiku-4-5",
            description = "the model to ask for (default: ${DEFAULT-VALUE})")
    private String model = "";

    private final int processors = Runtime.getRuntime().availableProcessors();
    private final CpuSampler meter = CpuSampler.ofHost();
    private final LiveLine live = new LiveLine();

    /**
     * Runs the job. Exits with 0 after the table, 1 if a session failed, 2 for a wrong option, 130 if stopped by
     * Ctrl-C.
     *
     * @param args as {@code --help} tells
     */
    public static void main(String[] args) {
        int code = new CommandLine(new StreamingBatch())
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                        System.err.println((cause == failure ? "Failed: " : "  because of ") + cause);
                    }
                    return CommandLine.ExitCode.SOFTWARE;
                })
                .execute(args);
        if (code != 0) {
            System.exit(code);
        }
    }

    @Override
    public Integer call() throws Exception {
        checkAtLeastOne("--slots", slots);
        checkAtLeastOne("--min-slots", minSlots);
        checkAtLeastOne("--max-slots", maxSlots);
        checkAtLeastOne("--sessions", sessions);
        if (maxSlots < minSlots) {
            throw new ParameterException(
                    commandLine(), "--max-slots must be at least --min-slots = " + minSlots + ", was " + maxSlots);
        }
        if (!(target > 1 && target <= 100)) {
            throw new ParameterException(commandLine(), "--target must be a percentage in (1, 100], was " + target);
        }
        for (int limit : apiLimit) {
            checkAtLeastOne("--api-limit", limit);
        }
        for (String policy : policies) {
            if (!POLICIES.contains(policy)) {
                throw new ParameterException(commandLine(), "--policy must be of " + POLICIES + ", was " + policy);
            }
        }
        if (quick) {
            sessions = Math.min(sessions, QUICK_SESSIONS);
        }
        CountDownLatch ended = new CountDownLatch(1);
        Thread job = Thread.currentThread();
        Thread onCtrlC = new Thread(() -> {
            job.interrupt();
            try {
                ended.await(3, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(onCtrlC);
        try {
            run();
            return 0;
        } catch (InterruptedException e) {
            live.end();
            boolean observed = RUNS.stream().anyMatch(run -> Files.exists(ticks(run)));
            System.out.println("Stopped." + (observed ? " What was observed so far is in " + FILES : ""));
            report();
            return 130;
        } finally {
            live.end();
            ended.countDown();
        }
    }

    private void run() throws InterruptedException, IOException {
        String realUrl = System.getenv("ANTHROPIC_BASE_URL");
        boolean real = realUrl != null && System.getenv("ANTHROPIC_API_KEY") != null;
        System.out.printf(
                "Host: %d processors, %s %s, Java %s%n",
                processors,
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                System.getProperty("java.version"));
        System.out.println("Model: " + (real ? realUrl + " (from ANTHROPIC_BASE_URL)" : "a server on loopback"));
        try (ModelServer server = real ? null : new ModelServer()) {
            AnthropicOkHttpClient.Builder made =
                    AnthropicOkHttpClient.builder().maxRetries(0); // it would hide refusals
            AnthropicClient client =
                    (server == null ? made.fromEnv() : made.apiKey("none").baseUrl(server.baseUrl())).build();
            try {
                if (server == null || apiLimit.isEmpty()) {
                    compare(new Workload(client, model, demand()), real);
                } else {
                    // One answer a session, so that a session is a request.
                    compareWithApiCeiling(
                            new Workload(client, model, Math.min(demand(), Workload.CORES_PER_STREAM)), server);
                }
            } finally {
                client.close();
            }
        }
    }

    private void compare(Workload workload, boolean real) throws InterruptedException, IOException {
        if (real) {
            int answers = ALONE + policies.size() * sessions;
            System.out.println("These are real requests: " + workload.requests(answers) + " of them.");
        }
        deleteFilesOfTheLastRun();
        sayIfTheHostIsBusy();
        System.out.println(workload.describe());
        System.out.println("Warming up ...");
        workload.warmUp(SHORT_MAX_TOKENS);
        Session session = workload.session(quick ? SHORT_MAX_TOKENS : MAX_TOKENS);

        System.out.println("One session alone, three times ...");
        List<Double> alone = new ArrayList<>();
        double cpuAlone = 0;
        for (int i = 0; i < ALONE; i++) {
            RunResult one = new Batch(List.of(session), meter, tick -> {}).run(Limiter.fixed(1), () -> 1, null);
            alone.addAll(one.wallSeconds());
            cpuAlone += one.cpuSeconds() / one.batchSeconds() / processors * 100 / ALONE;
        }
        Table table = new Table(RunResult.percentile(alone, 50), cpuAlone, target, processors);

        Batch batch = new Batch(Collections.nCopies(sessions, session), meter, tick -> live.show(tick, sessions));
        for (String policy : policies) {
            if (policy.equals(FIXED)) {
                runFixed(batch, table);
            } else {
                runGate(batch, table, policy);
            }
            live.end();
        }
        System.out.println();
        System.out.println(table);
        System.out.println("Observations: " + FILES);
        report();
    }

    /** A gate that cannot move is a semaphore with a journal. */
    private void runFixed(Batch batch, Table table) throws InterruptedException, IOException {
        System.out.printf("%d sessions, %d at once ...%n", sessions, slots);
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("fixed " + slots)
                .targetCpu(target)
                .minSlots(slots)
                .maxSlots(slots)
                .listener(Journal.jsonLines(steps(FIXED)))
                .build();
        try (Limiter limiter = Limiter.gate(gate)) {
            table.add("fixed " + slots, batch.run(limiter, () -> 4, ticks(FIXED)), false);
        }
    }

    private void runGate(Batch batch, Table table, String policy) throws InterruptedException, IOException {
        System.out.printf("%d sessions under the gate, %s(), target %.0f %% ...%n", sessions, policy, target);
        Convergence convergence = new Convergence();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("gate, " + policy + "()")
                .targetCpu(target)
                .minSlots(minSlots)
                .maxSlots(maxSlots)
                .policy(policy.equals(HEADROOM) ? StepPolicy.headroom() : StepPolicy.oneSlot())
                .listener(Journal.jsonLines(steps(policy)))
                .listener(JfrEvents.create())
                .listener(convergence)
                .build();
        try (Limiter limiter = Limiter.gate(gate)) {
            table.add("gate, `%s()`".formatted(policy), batch.run(limiter, convergence::seconds, ticks(policy)), true);
        }
    }

    private void compareWithApiCeiling(Workload workload, ModelServer server) throws InterruptedException, IOException {
        deleteFilesOfTheLastRun();
        sayIfTheHostIsBusy();
        System.out.println(workload.describe());
        System.out.println("Warming up ...");
        workload.warmUp(SHORT_MAX_TOKENS);
        ServiceLimit runs = new ServiceLimit(server, meter, live, apiLimit, target, minSlots, maxSlots);
        Session session = workload.session(SHORT_MAX_TOKENS);
        runs.run("CPU limit alone", ticks(CPU_ALONE), steps(CPU_ALONE), false, session, sessions);
        runs.run("with the API ceiling", ticks(WITH_CEILING), steps(WITH_CEILING), true, session, sessions);
        System.out.println();
        System.out.println(runs);
        System.out.println("Observations: " + FILES);
        report();
    }

    private static void report() throws IOException {
        List<Path> journals =
                RUNS.stream().map(StreamingBatch::steps).filter(Files::exists).toList();
        if (!journals.isEmpty()) {
            Report.write(FILES.resolve(REPORT_FILE), journals);
            System.out.println("Where the time went: " + FILES.resolve(REPORT_FILE));
        }
    }

    /** Of one session, in cores. */
    private double demand() {
        return processors / Workload.SESSIONS_TO_SATURATE;
    }

    private static void deleteFilesOfTheLastRun() throws IOException {
        for (String run : RUNS) {
            Files.deleteIfExists(ticks(run));
            Files.deleteIfExists(steps(run));
        }
        Files.deleteIfExists(FILES.resolve(REPORT_FILE));
    }

    private static Path ticks(String run) {
        return FILES.resolve(run + ".jsonl");
    }

    private static Path steps(String run) {
        return FILES.resolve(run + "-steps.jsonl");
    }

    private void sayIfTheHostIsBusy() throws InterruptedException {
        meter.sample();
        TimeUnit.SECONDS.sleep(1);
        double idle = meter.sample().raw();
        if (idle > BUSY) {
            System.out.printf("Note: this host is at %.0f %% without us; the figures will tell of that too.%n", idle);
        }
    }

    private void checkAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new ParameterException(commandLine(), option + " must be at least 1, was " + value);
        }
    }

    private CommandLine commandLine() {
        return Objects.requireNonNull(spec).commandLine();
    }

    /** When the limit had ceased to climb: at the first step that found CPU where it should be, or above. */
    private static final class Convergence implements GateListener {

        private static final Set<Reason> CLIMBS =
                EnumSet.of(Reason.NO_READING, Reason.HEADROOM, Reason.SETTLING, Reason.NO_DEMAND);

        private volatile double seconds = Double.POSITIVE_INFINITY;

        @Override
        public void onStep(StepReport step) {
            if (!CLIMBS.contains(step.reason()) && Double.isInfinite(seconds)) {
                seconds = step.elapsed().toNanos() / 1e9;
            }
        }

        double seconds() {
            return seconds;
        }
    }
}
