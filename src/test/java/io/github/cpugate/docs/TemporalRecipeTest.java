package io.github.cpugate.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.temporal.GateSlotSupplier;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowOptions;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.CompositeTuner;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The snippet of docs/fleet/temporal.md that tests a user's activities. */
@Timeout(60)
class TemporalRecipeTest {

    @ActivityInterface
    public interface Sessions {
        String answer(String prompt);
    }

    @WorkflowInterface
    public interface Chat {
        @WorkflowMethod
        String run(String prompt);
    }

    public static final class ChatImpl implements Chat {

        private final Sessions sessions = Workflow.newActivityStub(
                Sessions.class,
                ActivityOptions.newBuilder()
                        .setStartToCloseTimeout(Duration.ofMinutes(1))
                        .build());

        @Override
        public String run(String prompt) {
            return sessions.answer(prompt);
        }
    }

    private static WorkerOptions options(GateSlotSupplier<ActivitySlotInfo> sessions) {
        return WorkerOptions.newBuilder()
                .setWorkerTuner(new CompositeTuner(
                        new FixedSizeSlotSupplier<>(10),
                        sessions,
                        new FixedSizeSlotSupplier<>(10),
                        new FixedSizeSlotSupplier<>(10)))
                .build();
    }

    @Test
    void aSessionRunsInASlot() {
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                        .manual()
                        .sampler(() -> CpuSample.of(50))
                        .build();
                TestWorkflowEnvironment temporal =
                        TestWorkflowEnvironment.newInstance(TestEnvironmentOptions.newBuilder()
                                .setUseTimeskipping(false)
                                .build())) {
            Worker worker = temporal.newWorker("sessions", options(GateSlotSupplier.forActivities(gate)));
            worker.registerWorkflowImplementationTypes(ChatImpl.class);
            worker.registerActivitiesImplementations(
                    (Sessions) prompt -> prompt + ", " + gate.snapshot().inFlight() + " in flight");
            temporal.start();

            Chat chat = temporal.getWorkflowClient()
                    .newWorkflowStub(
                            Chat.class,
                            WorkflowOptions.newBuilder()
                                    .setTaskQueue("sessions")
                                    .build());
            assertThat(chat.run("hello")).isEqualTo("hello, 1 in flight");
        }
    }
}
