package io.github.cpugate.fleet;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.cpu.QuietHost;
import io.github.cpugate.demo.CpuTime;
import io.github.cpugate.observe.Journal;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.temporal.GateSlotSupplier;
import io.temporal.activity.Activity;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.CompositeTuner;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import io.temporal.worker.tuning.ResourceBasedController;
import io.temporal.worker.tuning.ResourceBasedControllerOptions;
import io.temporal.worker.tuning.ResourceBasedSlotOptions;
import io.temporal.worker.tuning.ResourceBasedSlotSupplier;
import io.temporal.worker.tuning.SlotSupplier;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A worker of the fleet, in a JVM of its own. It prints a line when it is ready, and one for each session that ended.
 */
final class WorkerMain {

    static final String READY = "ready";
    private static final int FIXED = 12;
    private static final int MOST = 32;
    private static final double TARGET = 70; // percent
    private static final int PIECES = 30;
    private static final int HEARTBEAT = 10; // pieces
    private static final long PIECE_NANOS = (long) (Sessions.SECONDS_ALONE * 1e9 / PIECES);
    private static final double SESSION_CORES = 0.025;

    private WorkerMain() {}

    /** The command line of a worker. */
    record Options(int port, String limit, boolean quiet, Path journal, String sharedDirectory) {

        List<String> toArguments() {
            return List.of(Integer.toString(port), limit, Boolean.toString(quiet), journal.toString(), sharedDirectory);
        }

        static Options of(String[] args) {
            return new Options(
                    Integer.parseInt(args[0]), args[1], Boolean.parseBoolean(args[2]), Path.of(args[3]), args[4]);
        }
    }

    public static void main(String[] args) throws IOException {
        Options options = Options.of(args);
        WorkflowServiceStubs server = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:" + options.port)
                .setRpcTimeout(Duration.ofMinutes(1)) // a quarter of a core has loaded all classes late
                .build());
        WorkerFactory factory = WorkerFactory.newInstance(WorkflowClient.newInstance(server));
        Worker worker = factory.newWorker(
                SessionsBatch.SESSIONS,
                WorkerOptions.newBuilder()
                        .setWorkerTuner(new CompositeTuner(
                                new FixedSizeSlotSupplier<>(2),
                                activities(options),
                                new FixedSizeSlotSupplier<>(2),
                                new FixedSizeSlotSupplier<>(2)))
                        .build());
        worker.registerActivitiesImplementations((Sessions) WorkerMain::stream);
        factory.start();
        System.out.println(READY);
        while (System.in.read() >= 0) {
            // until the other process ends, if it does not end this one before
        }
    }

    private static SlotSupplier<ActivitySlotInfo> activities(Options options) {
        return switch (options.limit) {
            case "fixed" -> new FixedSizeSlotSupplier<>(FIXED);
            case "tuner" ->
                ResourceBasedSlotSupplier.createForActivity(
                        ResourceBasedController.newSystemInfoController(
                                ResourceBasedControllerOptions.newBuilder(1, TARGET / 100)
                                        .build()),
                        ResourceBasedSlotOptions.newBuilder()
                                .setMinimumSlots(1)
                                .setMaximumSlots(MOST)
                                .setRampThrottle(Duration.ofMillis(50))
                                .build());
            default -> GateSlotSupplier.forActivities(gate(options));
        };
    }

    private static AdaptiveCpuGate gate(Options options) {
        AdaptiveCpuGate.Builder gate = AdaptiveCpuGate.builder()
                .name("worker-" + ProcessHandle.current().pid())
                .targetCpu(TARGET)
                .maxSlots(MOST)
                .period(Duration.ofSeconds(1))
                .policy(options.limit.equals("oneSlot") ? StepPolicy.oneSlot() : StepPolicy.headroom())
                .listener(Journal.jsonLines(options.journal));
        if (options.quiet) {
            gate.sampler(CpuSampler.smoothing(QuietHost.withQuotas(), 0.3));
        }
        if (!options.sharedDirectory.isEmpty()) {
            gate.shareHost(Path.of(options.sharedDirectory));
        }
        return gate.build();
    }

    /** Works off each piece when it comes, or as soon as there is CPU for it. */
    private static void stream(int number) {
        long wallBegan = System.currentTimeMillis();
        long began = System.nanoTime();
        try {
            for (int piece = 1; piece <= PIECES; piece++) {
                long wait = began + piece * PIECE_NANOS - System.nanoTime();
                if (wait > 0) {
                    Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
                }
                CpuTime.burn((long) (SESSION_CORES * PIECE_NANOS));
                if (piece % HEARTBEAT == 0) {
                    Activity.getExecutionContext().heartbeat(piece);
                }
            }
        } catch (InterruptedException e) {
            throw Activity.wrap(e);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.println(new Ended(number, wallBegan, seconds).toLine());
    }

    /** A session that has ended: its number, when it began (milliseconds since 1970), and how long it took. */
    record Ended(int number, long began, double seconds) {

        String toLine() {
            return number + " " + began + " " + seconds;
        }

        static Ended of(String line) {
            String[] fields = line.split(" ", -1);
            return new Ended(Integer.parseInt(fields[0]), Long.parseLong(fields[1]), Double.parseDouble(fields[2]));
        }
    }
}
