package io.github.cpugate.bench.loop;

import io.github.cpugate.demo.Limiter;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.ResourceBasedController;
import io.temporal.worker.tuning.ResourceBasedControllerOptions;
import io.temporal.worker.tuning.ResourceBasedSlotOptions;
import io.temporal.worker.tuning.ResourceBasedSlotSupplier;
import io.temporal.worker.tuning.SlotPermit;
import io.temporal.worker.tuning.SlotReserveContext;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Temporal's resource-based slot supplier, with its own controller and its own reading of CPU. What a worker does
 * around it is made here: count the slots that are out, and reserve one at a time for whoever is first in line, as one
 * poller does. Its {@code markSlotUsed} and {@code releaseSlot} do nothing, so they are not called.
 */
final class TemporalLimiter implements Limiter, SlotReserveContext<ActivitySlotInfo> {

    /** Of the heap; its default target, 0.8, might hold back slots for the sake of garbage. */
    private static final double TARGET_MEMORY = 1;

    private final ResourceBasedSlotSupplier<ActivitySlotInfo> supplier;
    private final BlockingQueue<CompletableFuture<SlotPermit>> line = new LinkedBlockingQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger issued = new AtomicInteger();
    private final Thread poller = new Thread(this::poll, "temporal-poller");

    TemporalLimiter(Duration ramp) {
        supplier = ResourceBasedSlotSupplier.createForActivity(
                ResourceBasedController.newSystemInfoController(
                        ResourceBasedControllerOptions.newBuilder(TARGET_MEMORY, Terms.TARGET / 100)
                                .build()),
                ResourceBasedSlotOptions.newBuilder()
                        .setMinimumSlots(Terms.MIN_SLOTS)
                        .setMaximumSlots(Terms.MAX_SLOTS)
                        .setRampThrottle(ramp)
                        .build());
        poller.setDaemon(true);
        poller.start();
    }

    private void poll() {
        while (true) {
            try {
                CompletableFuture<SlotPermit> first = line.take();
                try {
                    SlotPermit permit = supplier.reserveSlot(this).get();
                    issued.incrementAndGet();
                    first.complete(permit);
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    first.completeExceptionally(e);
                }
            } catch (InterruptedException closed) {
                return;
            }
        }
    }

    @Override
    public Held enter() throws InterruptedException {
        CompletableFuture<SlotPermit> turn = new CompletableFuture<>();
        waiting.incrementAndGet();
        try {
            line.add(turn);
            turn.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            waiting.decrementAndGet();
        }
        return issued::decrementAndGet;
    }

    /** It has no limit: it looks at CPU before each slot. */
    @Override
    public Counts counts() {
        int out = issued.get();
        return new Counts(out, out, waiting.get());
    }

    @Override
    public void close() {
        poller.interrupt();
    }

    @Override
    public int getNumIssuedSlots() {
        return issued.get();
    }

    @Override
    public Map<SlotPermit, ActivitySlotInfo> getUsedSlots() {
        return Map.of();
    }

    @Override
    public String getTaskQueue() {
        return "loop";
    }

    @Override
    public String getWorkerIdentity() {
        return "loop";
    }

    @Override
    public String getWorkerBuildId() {
        return "loop";
    }
}
