package io.github.cpugate.internal.governor;

import java.util.concurrent.Executor;

/** A user's executor, with the log of its faults. */
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
