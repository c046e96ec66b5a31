package io.github.cpugate.fleet;

import io.temporal.activity.ActivityOptions;
import io.temporal.workflow.Async;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Schedules all sessions at once. A session whose worker has died is scheduled again after its heartbeats fail. */
public final class SessionsBatchImpl implements SessionsBatch {

    private final Sessions sessions = Workflow.newActivityStub(
            Sessions.class,
            ActivityOptions.newBuilder()
                    .setTaskQueue(SESSIONS)
                    .setStartToCloseTimeout(Duration.ofMinutes(5))
                    .setHeartbeatTimeout(Duration.ofSeconds(5))
                    .build());

    @Override
    public void run(int first, int number) {
        List<Promise<Void>> all = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            all.add(Async.procedure(sessions::session, first + i));
        }
        Promise.allOf(all).get();
    }
}
