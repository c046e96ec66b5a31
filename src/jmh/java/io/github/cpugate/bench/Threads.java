package io.github.cpugate.bench;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ThreadFactory;

/** What the callers are. */
enum Threads {
    PLATFORM {
        @Override
        Thread make(String name, Runnable task) {
            Thread thread = new Thread(null, task, name, 128 * 1024);
            thread.setDaemon(true);
            return thread;
        }
    },
    VIRTUAL {
        @Override
        Thread make(String name, Runnable task) {
            return VirtualThreads.FACTORY.newThread(task);
        }
    };

    abstract Thread make(String name, Runnable task);

    /** By reflection: this is compiled for Java 17. */
    private static final class VirtualThreads {

        static final ThreadFactory FACTORY = factory();

        private static ThreadFactory factory() {
            try {
                Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
                return (ThreadFactory) Class.forName("java.lang.Thread$Builder")
                        .getMethod("factory")
                        .invoke(builder);
            } catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException e) {
                throw new IllegalStateException("virtual threads need Java 21 or later", e);
            } catch (InvocationTargetException e) {
                throw new IllegalStateException(e.getCause());
            }
        }
    }
}
