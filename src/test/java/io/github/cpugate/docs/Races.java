package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.GateSnapshot;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Cancels streams at random moments: in line, at the grant, and in mid-stream. Public for sources that other compilers
 * load.
 */
public final class Races {

    private static final int SUBSCRIPTIONS = 20_000;
    private static final int AT_ONCE = 8;
    private static final int SLOTS = 2;
    private static final int LATEST_NANOS = 600_000; // about as long as a batch takes

    private Races() {}

    /** Subscribes to a stream of the model in a slot of the gate; returns what cancels the subscription. */
    public interface Recipe {
        Runnable subscribe(AdaptiveCpuGate gate, FakeModel model);
    }

    public static AdaptiveCpuGate gate(int slots) {
        return AdaptiveCpuGate.builder()
                .minSlots(slots)
                .maxSlots(slots)
                .period(Duration.ofHours(1))
                .sampler(() -> CpuSample.of(50))
                .build();
    }

    public static void assertNoSlotIsLost(Recipe recipe) throws Exception {
        assertNoSlotIsLost(recipe, SLOTS);
    }

    public static void assertNoSlotIsLost(Recipe recipe, int mostAtOnce) throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        ExecutorService cancelling = Executors.newSingleThreadExecutor();
        try (AdaptiveCpuGate gate = gate(SLOTS);
                FakeModel model = new FakeModel()) {
            for (int i = 0; i < SUBSCRIPTIONS; i += AT_ONCE) {
                List<Runnable> cancels = new ArrayList<>();
                for (int n = 0; n < AT_ONCE; n++) {
                    cancels.add(recipe.subscribe(gate, model));
                }
                long after = random.nextInt(LATEST_NANOS);
                boolean lastFirst = random.nextBoolean();
                Future<?> cancelled = cancelling.submit(() -> {
                    FakeModel.spin(after);
                    for (int n = 0; n < AT_ONCE; n++) {
                        cancels.get(lastFirst ? AT_ONCE - 1 - n : n).run();
                    }
                });
                cancelled.get();
                assertThat(gate.awaitIdle(Duration.ofSeconds(10)))
                        .as("slots held after batch %s: %s", i / AT_ONCE, gate.snapshot())
                        .isTrue();
            }
            // A subscriber with a thread of its own may enter only now, and then leaves at once.
            Await.until("no slot is held, nobody waits, and no session runs", () -> {
                GateSnapshot now = gate.snapshot();
                return now.inFlight() == 0 && now.waiting() == 0 && model.running.get() == 0;
            });
            assertThat(model.most.get()).as("sessions at once").isBetween(SLOTS, mostAtOnce);
            assertThat(model.started.get())
                    .as("some were cancelled in line")
                    .isBetween(SUBSCRIPTIONS / 10, SUBSCRIPTIONS - SUBSCRIPTIONS / 100);
            assertThat(model.completed.get())
                    .as("some were cancelled in mid-stream, and some completed")
                    .isBetween(SUBSCRIPTIONS / 100, model.started.get() - SUBSCRIPTIONS / 100);
        } finally {
            cancelling.shutdown();
        }
    }
}
