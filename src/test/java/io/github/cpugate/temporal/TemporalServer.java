package io.github.cpugate.temporal;

import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.activity.LocalActivityOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testserver.TestServer;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.CompositeTuner;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import io.temporal.worker.tuning.LocalActivitySlotInfo;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A Temporal server in this JVM, with workers whose activities run in slots. */
final class TemporalServer implements AutoCloseable {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final String WORKFLOWS = "workflows";

    /** The activities under test. */
    @ActivityInterface
    public interface Sessions {
        void session(int number);
    }

    @WorkflowInterface
    public interface Batch {
        @WorkflowMethod
        void run(int sessions, String taskQueue, boolean local);
    }

    public static final class SessionsAtOnce implements Batch {

        @Override
        public void run(int sessions, String taskQueue, boolean local) {
            Sessions stub = local
                    ? Workflow.newLocalActivityStub(
                            Sessions.class,
                            LocalActivityOptions.newBuilder()
                                    .setStartToCloseTimeout(MINUTE)
                                    .build())
                    : Workflow.newActivityStub(
                            Sessions.class,
                            ActivityOptions.newBuilder()
                                    .setTaskQueue(taskQueue)
                                    .setStartToCloseTimeout(MINUTE)
                                    .build());
            List<Promise<Void>> all = new ArrayList<>();
            for (int i = 0; i < sessions; i++) {
                all.add(Async.procedure(stub::session, i));
            }
            Promise.allOf(all).get();
        }
    }

    private final TestServer.InProcessTestServer server = TestServer.createServer(true);
    private final WorkflowServiceStubs stubs =
            WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                    .setChannel(server.getChannel())
                    .build());
    private final WorkflowClient client = WorkflowClient.newInstance(stubs);
    private final List<WorkerFactory> factories = new ArrayList<>();

    /** Starts a worker of a task queue. */
    WorkerFactory start(String taskQueue, SlotSupplier<ActivitySlotInfo> activities, Sessions sessions) {
        return start(taskQueue, activities, new FixedSizeSlotSupplier<>(10), sessions, WorkerOptions.newBuilder());
    }

    WorkerFactory start(
            String taskQueue,
            SlotSupplier<ActivitySlotInfo> activities,
            SlotSupplier<LocalActivitySlotInfo> localActivities,
            Sessions sessions,
            WorkerOptions.Builder options) {
        WorkerFactory factory = WorkerFactory.newInstance(client);
        Worker worker = factory.newWorker(
                taskQueue,
                options.setWorkerTuner(new CompositeTuner(
                                new FixedSizeSlotSupplier<>(10),
                                activities,
                                localActivities,
                                new FixedSizeSlotSupplier<>(10)))
                        .build());
        worker.registerActivitiesImplementations(sessions);
        worker.registerWorkflowImplementationTypes(SessionsAtOnce.class);
        factories.add(factory);
        factory.start();
        return factory;
    }

    /** Starts a worker of workflows that schedule sessions for other queues. */
    void startWorkflows() {
        WorkerFactory factory = WorkerFactory.newInstance(client);
        factory.newWorker(WORKFLOWS).registerWorkflowImplementationTypes(SessionsAtOnce.class);
        factories.add(factory);
        factory.start();
    }

    /** Runs sessions at once by the worker of workflows; the future completes when all of them have ended. */
    CompletableFuture<Void> run(int sessions, String taskQueue) {
        return run(WORKFLOWS, sessions, taskQueue, false);
    }

    CompletableFuture<Void> run(String workflowQueue, int sessions, String taskQueue, boolean local) {
        Batch batch = client.newWorkflowStub(
                Batch.class,
                WorkflowOptions.newBuilder().setTaskQueue(workflowQueue).build());
        return WorkflowClient.execute(batch::run, sessions, taskQueue, local);
    }

    /** Shuts a worker down; returns whether it has ended. */
    static boolean shutDown(WorkerFactory factory) {
        factory.shutdown();
        factory.awaitTermination(20, TimeUnit.SECONDS);
        return factory.isTerminated();
    }

    @Override
    public void close() {
        for (WorkerFactory factory : factories) {
            factory.shutdownNow();
            factory.awaitTermination(20, TimeUnit.SECONDS);
        }
        stubs.shutdownNow();
        server.close();
    }
}
