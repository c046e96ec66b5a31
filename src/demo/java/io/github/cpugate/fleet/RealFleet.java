package io.github.cpugate.fleet;

import io.github.cpugate.demo.JavaCommand;
import io.github.cpugate.demo.QuotaGroup;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testserver.TestServer;
import io.temporal.worker.WorkerFactory;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** One run: a server, the workers, and a batch of sessions, all of which end with it. */
final class RealFleet implements AutoCloseable {

    static final Duration MOST = Duration.ofMinutes(5);
    private static final int SESSIONS_OF_A_WORKFLOW = 50;
    static final Path FILES = Path.of("target", "fleet");

    private final String limit;
    private final Process server;
    private final WorkflowServiceStubs stubs;
    private final WorkflowClient client;
    private final WorkerFactory workflows;
    private final List<Machine> machines = new ArrayList<>();
    private final List<Path> journals = new ArrayList<>();
    private int scheduled; // sessions, in all batches
    private final Path shared = Files.createTempDirectory("cpugate");

    /** Starts all, and returns once the workers are ready. */
    RealFleet(String limit, List<Double> cores, boolean quotas, boolean quiet)
            throws IOException, InterruptedException {
        this.limit = limit;
        int port = freePort();
        server = new ProcessBuilder(
                        JavaCommand.of(List.of("-Xmx512m", TestServer.class.getName(), Integer.toString(port))))
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.INHERIT)
                .start();
        stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:" + port)
                .build());
        client = WorkflowClient.newInstance(stubs);
        workflows = WorkerFactory.newInstance(client);
        try {
            stubs.connect(Duration.ofMinutes(1));
            workflows.newWorker(SessionsBatch.BATCHES).registerWorkflowImplementationTypes(SessionsBatchImpl.class);
            workflows.start();
            Files.createDirectories(FILES);
            for (double each : cores) {
                Path journal = FILES.resolve(limit + "-" + machines.size() + ".jsonl");
                Files.deleteIfExists(journal);
                journals.add(journal);
                machines.add(new Machine(
                        each,
                        quotas ? group(machines.size(), each) : null,
                        new WorkerMain.Options(port, limit, quiet, journal, quotas ? "" : shared.toString())));
            }
            for (Machine machine : machines) {
                machine.awaitReady();
            }
        } catch (Throwable t) {
            close();
            throw t;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static QuotaGroup group(int number, double cores) throws IOException {
        return QuotaGroup.create("cpugate-fleet-" + ProcessHandle.current().pid() + "-" + number, cores);
    }

    /** Returns whether control groups with quotas can be made here; if not, says why. */
    static boolean canMakeGroups() {
        try (QuotaGroup unused = group(0, 1)) {
            return true;
        } catch (IOException e) {
            System.out.println("No control group with a quota can be made here (" + e + "), so the workers share the"
                    + " host, each with as many cores as it gets.");
            return false;
        }
    }

    /**
     * Runs a batch to its end.
     *
     * @param killAfter how many sessions end before the first worker is killed; 0 for never
     */
    FleetResult run(int sessions, int killAfter) throws IOException, InterruptedException {
        List<CompletableFuture<Void>> batches = new ArrayList<>();
        long began = System.currentTimeMillis();
        int before = scheduled;
        scheduled += sessions;
        for (int first = before; first < scheduled; first += SESSIONS_OF_A_WORKFLOW) {
            SessionsBatch batch = client.newWorkflowStub(
                    SessionsBatch.class,
                    WorkflowOptions.newBuilder()
                            .setTaskQueue(SessionsBatch.BATCHES)
                            .build());
            batches.add(WorkflowClient.execute(batch::run, first, Math.min(SESSIONS_OF_A_WORKFLOW, scheduled - first)));
        }
        CompletableFuture<Void> all = CompletableFuture.allOf(batches.toArray(CompletableFuture[]::new));
        Moment from = now();
        Moment to = from;
        while (!all.isDone() && System.currentTimeMillis() - began < MOST.toMillis()) {
            Thread.sleep(1000);
            int ended = ended(before);
            // By then the limits have settled, and until then all workers have work.
            from = ended < sessions / 3 ? now() : from;
            to = ended < sessions * 9 / 10 ? now() : to;
            if (killAfter > 0 && ended >= killAfter && machines.get(0).isRunning()) {
                machines.get(0).kill();
            }
        }
        try {
            all.get(0, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(
                    ended(before) + " of " + sessions + " sessions have ended under " + limit, e);
        }
        return FleetResult.of(machines, before, from, to, System.currentTimeMillis() - began);
    }

    private int ended(int first) {
        return machines.stream()
                .mapToInt(machine -> machine.ended(first).size())
                .sum();
    }

    /** What the machines have used until a time, in milliseconds since 1970. */
    record Moment(long millis, List<Machine.Use> use) {}

    private Moment now() throws IOException {
        List<Machine.Use> use = new ArrayList<>();
        for (Machine machine : machines) {
            use.add(machine.use());
        }
        return new Moment(System.currentTimeMillis(), use);
    }

    /** The workers' journals; a worker that has no gate has written none. */
    List<Path> journals() {
        return journals.stream().filter(Files::exists).toList();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        for (Machine machine : machines) {
            machine.close();
        }
        workflows.shutdownNow();
        stubs.shutdownNow();
        server.destroyForcibly().waitFor();
        try (Stream<Path> files = Files.list(shared)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(shared);
    }
}
