package io.github.cpugate.docs;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.temporal.GateSlotSupplier;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.failure.ApplicationFailure;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.CompositeTuner;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The snippets of docs/fleet/temporal.md. */
class TemporalSnippets {

    static class RateLimitException extends Exception {
        private static final long serialVersionUID = 1L;
        final String retryAfter = "1";

        RateLimitException(String prompt) {
            super("refused: " + prompt);
        }
    }

    void worker(WorkerFactory factory, AdaptiveCpuGate gate) {
        GateSlotSupplier<ActivitySlotInfo> sessions = GateSlotSupplier.forActivities(gate);
        factory.newWorker(
                "sessions",
                WorkerOptions.newBuilder()
                        .setWorkerTuner(new CompositeTuner(
                                new FixedSizeSlotSupplier<>(50), // workflow tasks: short, as the two below
                                sessions,
                                new FixedSizeSlotSupplier<>(50), // local activities
                                new FixedSizeSlotSupplier<>(10))) // Nexus tasks
                        .setAllowActivityHeartbeatDuringShutdown(true) // see below
                        .build());
    }

    void shutDown(WorkerFactory factory, AdaptiveCpuGate gate) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            factory.shutdown();
            factory.awaitTermination(25, TimeUnit.SECONDS);
            gate.close();
        }));
    }

    GateSlotSupplier<ActivitySlotInfo> polls(AdaptiveCpuGate gate) {
        return GateSlotSupplier.forActivities(gate).polls(2);
    }

    String session(GateSlotSupplier<ActivitySlotInfo> sessions, String prompt) {
        try {
            return stream(prompt);
        } catch (RateLimitException e) { // your client's
            sessions.slotOf(Activity.getExecutionContext().getInfo()).ifPresent(slot -> {
                slot.rateLimitedFor(e.retryAfter); // the header's text, or null
                slot.pause(); // see below
            });
            throw ApplicationFailure.newFailure("refused", "RateLimited"); // Temporal tries it again, here or elsewhere
        }
    }

    void backOff(ActivityExecutionContext activity, Slot slot, String retryAfter)
            throws InterruptedException, ExecutionException {
        slot.rateLimitedFor(retryAfter);
        slot.pause(); // others may run meanwhile
        CompletableFuture<Slot> resumed = slot.resumeAsync(); // once the service's time has passed and a slot is free
        while (true) {
            try {
                resumed.get(1, TimeUnit.SECONDS); // shorter than the heartbeat timeout
                return;
            } catch (TimeoutException e) {
                activity.heartbeat(null);
            }
        }
    }

    private String stream(String prompt) throws RateLimitException {
        throw new RateLimitException(prompt);
    }
}
