package io.github.cpugate.internal;

import io.github.cpugate.internal.log.Printable;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;

/**
 * Makes the threads of a gate. They are daemons, and inherit nothing from the thread that makes them: no thread-local
 * values, no context class loader, and no access control context. A gate may outlive the application that built it, or
 * that closed a slot, and its threads must neither show that application's context to others nor keep its class loader
 * alive. The gate's name in a thread's name is made printable, since log lines contain the names of threads.
 */
public final class DaemonThreads implements ThreadFactory {

    private final String name;

    /** A factory of threads that all have this name. */
    public DaemonThreads(String name) {
        this.name = name;
    }

    @Override
    public Thread newThread(Runnable task) {
        return make(name, task);
    }

    /** Makes a thread, and does not start it. */
    @SuppressWarnings(
            "removal") // before JDK 24, only this keeps a thread from inheriting the protection domains of all callers
    public static Thread make(String name, Runnable task) {
        return AccessController.doPrivileged(new Making(name, task));
    }

    /** A class, not a lambda: the first lambda of a JVM costs 40 ms, and {@code build()} must be quick. */
    private record Making(String name, Runnable task) implements PrivilegedAction<Thread> {

        @Override
        public Thread run() {
            Thread thread = new Thread(null, task, Printable.text(name), 0, false);
            thread.setContextClassLoader(DaemonThreads.class.getClassLoader());
            thread.setDaemon(true);
            return thread;
        }
    }
}
