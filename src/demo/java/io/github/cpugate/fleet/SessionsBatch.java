package io.github.cpugate.fleet;

import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** The workflow of the fleet. */
@WorkflowInterface
public interface SessionsBatch {

    /** The task queue of the sessions. */
    String SESSIONS = "sessions";

    /** The task queue of the workflow itself. */
    String BATCHES = "batches";

    /**
     * Runs sessions, as many at once as the workers take.
     *
     * @param first the number of the first session
     * @param sessions how many
     */
    @WorkflowMethod
    void run(int first, int sessions);
}
