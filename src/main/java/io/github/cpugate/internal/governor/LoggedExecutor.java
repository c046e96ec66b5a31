package io.github.cpugate.internal.governor;

import java.util.concurrent.Executor;

/** Passes tasks on to a user's executor, and logs the faults of that executor. */
record LoggedExecutor(Executor executor, FaultLog faults) implements Executor {

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (Throwable t) {
            faults.failed(t);
            throw t;
        }
        var unused = faults.worked();
    }
}
