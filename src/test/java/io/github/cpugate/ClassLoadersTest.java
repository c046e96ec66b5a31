package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.cpugate.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Tests a gate in containers that load applications and unload them. */
class ClassLoadersTest {

    /** An application that shares the library with others; a child loader defines it anew. */
    public static final class Application implements Supplier<AdaptiveCpuGate> {

        @Override
        public AdaptiveCpuGate get() {
            return AdaptiveCpuGate.builder().build();
        }
    }

    /** An application that contains the library. */
    public static final class WithLibrary implements Function<Executor, CompletableFuture<?>> {

        @Override
        public CompletableFuture<?> apply(Executor executor) {
            AdaptiveCpuGate gate =
                    AdaptiveCpuGate.builder().manual().executor(executor).build();
            var unused = gate.trySlot();
            CompletableFuture<Slot> next = gate.slotAsync();
            gate.close();
            return next;
        }
    }

    private static final class Child extends URLClassLoader {

        private final String own;

        Child(String own) {
            super(urls(), ClassLoadersTest.class.getClassLoader());
            this.own = own;
        }

        private static URL[] urls() {
            return new URL[] {location(AdaptiveCpuGate.class), location(ClassLoadersTest.class)};
        }

        private static URL location(Class<?> type) {
            return type.getProtectionDomain().getCodeSource().getLocation();
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null
                        ? loaded
                        : name.startsWith(own) ? findClass(name) : super.loadClass(name, resolve);
            }
        }

        Object make(Class<?> type) {
            try {
                return loadClass(type.getName()).getDeclaredConstructor().newInstance();
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("no instance", e);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static WeakReference<ClassLoader> deploy(Deque<AdaptiveCpuGate> gates) {
        Child application = new Child(Application.class.getName());
        gates.add(((Supplier<AdaptiveCpuGate>) application.make(Application.class)).get());
        return new WeakReference<>(application);
    }

    @Test
    void aGateDoesNotKeepTheApplicationThatBuiltItFromBeingUnloaded() {
        Deque<AdaptiveCpuGate> gates = new ArrayDeque<>();
        WeakReference<ClassLoader> application = deploy(gates);
        try (AdaptiveCpuGate gate = gates.remove()) {
            Await.until(
                    "a step was made",
                    () -> gate.snapshot().cpu().isOk() || gate.snapshot().cpu().detail() != null);
            Await.until("the application is unloaded", () -> {
                System.gc();
                return application.refersTo(null);
            });
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void aFutureEndsAlthoughTheLibraryIsUnloadedRightAfterTheGateWasClosed() {
        Deque<Runnable> tasks = new ArrayDeque<>();
        CompletableFuture<?> next;
        try (Child application = new Child("io.github.cpugate.")) {
            next = ((Function<Executor, CompletableFuture<?>>) application.make(WithLibrary.class)).apply(tasks::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(next).isNotDone();
        tasks.forEach(Runnable::run);
        assertThat(next).isCompletedExceptionally();
    }
}
