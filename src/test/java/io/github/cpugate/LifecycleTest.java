package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Tests gates that are never closed, and what keeps their governors alive. */
class LifecycleTest {

    private static final Duration CHILD_TIMEOUT = Duration.ofSeconds(30);

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final AtomicInteger steps = new AtomicInteger();

    /** Builds a governed gate with one slot, in a frame of its own: nothing else keeps the gate reachable. */
    private AdaptiveCpuGate governed(String name) {
        // The governor keeps its listeners reachable, so a listener must not refer to the gate.
        AtomicInteger counted = steps;
        return AdaptiveCpuGate.builder()
                .name(name)
                .maxSlots(1)
                .period(Duration.ofMillis(1))
                .sampler(() -> CpuSample.of(60))
                .listener(step -> counted.incrementAndGet())
                .build();
    }

    private static Stream<String> threads() {
        Thread[] threads = new Thread[2 * Thread.activeCount() + 100];
        int running = Thread.enumerate(threads);
        return Stream.of(threads).limit(running).map(Thread::getName);
    }

    private static boolean isGoverned(String gate) {
        return threads().anyMatch(List.of("cpugate-governor-" + gate, "cpugate-watch-" + gate)::contains);
    }

    /** Whether the gate has any thread left, such as the one that writes its log. */
    private static boolean hasThreads(String gate) {
        return threads().anyMatch(name -> name.startsWith("cpugate-") && name.endsWith("-" + gate));
    }

    private static void collect(WeakReference<?> dropped) {
        Await.until("the gate is collected", () -> {
            System.gc();
            return dropped.refersTo(null);
        });
    }

    private void awaitMoreSteps() {
        int before = steps.get();
        Await.until("five more steps are made", () -> steps.get() >= before + 5);
    }

    private void awaitEndOfDroppedGate(String gate) {
        Await.until("all threads of the gate have ended", () -> {
            System.gc();
            return !hasThreads(gate);
        });
        assertThat(log.messagesAt(Level.WARN))
                .containsExactly("gate '" + gate + "' was garbage-collected without close(); its threads end");
    }

    private WeakReference<AdaptiveCpuGate> buildAndDrop(String name) {
        return new WeakReference<>(governed(name));
    }

    @Test
    void theGovernorOfADroppedGateEndsAndLogsIt() {
        WeakReference<AdaptiveCpuGate> gate = buildAndDrop("dropped");
        awaitEndOfDroppedGate("dropped");
        assertThat(gate.refersTo(null)).isTrue();
        assertThat(log.messagesAt(Level.ERROR)).isEmpty();
    }

    @Test
    void aGateThatIsClosedAndThenDroppedLogsNoWarning() {
        try (AdaptiveCpuGate gate = governed("closed")) {
            awaitMoreSteps();
            assertThat(gate.snapshot().closed()).isFalse();
        }
        Await.until("all threads of the gate have ended", () -> !hasThreads("closed"));
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    /** A gate that was dropped, with a slot in flight and a caller in line. */
    private record DroppedGate(WeakReference<AdaptiveCpuGate> gate, Slot held, CompletableFuture<Slot> inLine) {}

    private DroppedGate dropWithASlotHeldAndACallerInLine(String name) throws InterruptedException {
        AdaptiveCpuGate gate = governed(name);
        return new DroppedGate(new WeakReference<>(gate), gate.slot(), gate.slotAsync());
    }

    @Test
    void aDroppedGateIsGovernedWhileASlotIsHeldOrACallerWaits() throws InterruptedException {
        DroppedGate droppedGate = dropWithASlotHeldAndACallerInLine("in-use");
        collect(droppedGate.gate());
        awaitMoreSteps();
        assertThat(isGoverned("in-use")).isTrue();

        droppedGate.held().close();
        Slot next = droppedGate.inLine().join();
        awaitMoreSteps();
        assertThat(isGoverned("in-use")).isTrue();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();

        next.close();
        awaitEndOfDroppedGate("in-use");
        assertThat(log.messagesAt(Level.ERROR)).isEmpty();
    }

    private Slot dropWithAPausedSlot(String name) throws InterruptedException {
        Slot slot = governed(name).slot();
        slot.pause();
        return slot;
    }

    @Test
    void aDroppedGateIsGovernedWhileASessionIsPaused() throws InterruptedException {
        Slot paused = dropWithAPausedSlot("paused");
        collect(new WeakReference<>(new Object()));
        awaitMoreSteps();
        assertThat(isGoverned("paused")).isTrue();

        paused.close();
        awaitEndOfDroppedGate("paused");
    }

    private CompletableFuture<Slot> dropWithASlotLostAndACallerInLine(String name) throws InterruptedException {
        AdaptiveCpuGate gate = governed(name);
        gate.slot();
        return gate.slotAsync();
    }

    @Test
    void aDroppedGateGivesALostSlotToTheCallerInLine() throws InterruptedException {
        CompletableFuture<Slot> inLine = dropWithASlotLostAndACallerInLine("lost");

        Await.until("the lost slot goes to the caller in line", () -> {
            System.gc();
            return inLine.isDone();
        });
        awaitMoreSteps();
        Await.until("the loss is logged", () -> !log.messagesAt(Level.ERROR).isEmpty());
        assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("given back: 1");
        inLine.join().close();
        awaitEndOfDroppedGate("lost");
    }

    /** An executor of a gate to which nothing else refers. */
    private record ExecutorOfGate(WeakReference<AdaptiveCpuGate> gate, Executor executor) {}

    private ExecutorOfGate makeExecutor(String name) {
        AdaptiveCpuGate gate = governed(name);
        return new ExecutorOfGate(new WeakReference<>(gate), gate.executor(Runnable::run));
    }

    /** In a frame of its own: the executor is unreachable when this returns. */
    private void makeAndUseAnExecutor(String name) {
        ExecutorOfGate made = makeExecutor(name);
        collect(new WeakReference<>(new Object()));
        awaitMoreSteps();
        assertThat(made.gate().refersTo(null)).isFalse();
        AtomicInteger ran = new AtomicInteger();
        made.executor().execute(ran::incrementAndGet);
        assertThat(ran).hasValue(1);
        assertThat(isGoverned(name)).isTrue();
    }

    @Test
    void anExecutorKeepsItsGateGoverned() {
        makeAndUseAnExecutor("executor");
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
        awaitEndOfDroppedGate("executor");
    }

    /** The main class of the child JVM. */
    static final class MainWithOpenGate {

        static final List<Object> KEPT = new ArrayList<>();

        private MainWithOpenGate() {}

        public static void main(String[] args) throws InterruptedException {
            AdaptiveCpuGate gate =
                    AdaptiveCpuGate.builder().sampler(() -> CpuSample.of(60)).build();
            KEPT.add(gate);
            KEPT.add(gate.slot());
            KEPT.add(gate.slotAsync());
            System.out.println(gate.snapshot().waiting() + " in line");
        }
    }

    private static Process startMainWithOpenGate() {
        try {
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            MainWithOpenGate.class.getName())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            return abort("this JVM cannot start another: " + e);
        }
    }

    @Test
    void anOpenGateDoesNotKeepTheJvmAlive() throws IOException, InterruptedException {
        Process child = startMainWithOpenGate();
        try {
            assertThat(child.waitFor(CHILD_TIMEOUT.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            assertThat(new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("1 in line");
            assertThat(child.exitValue()).isZero();
        } finally {
            child.destroyForcibly();
        }
    }

    @Test
    void noClassOfTheLibraryUsesAMonitor() throws IOException {
        List<String> monitors = new ArrayList<>();
        int[] methods = {0};
        try (Stream<Path> files = Files.walk(Path.of("target", "classes", "io"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                try (InputStream code = Files.newInputStream(file)) {
                    new ClassReader(code)
                            .accept(new MonitorFinder(file.getFileName().toString(), monitors, methods), 0);
                }
            }
        }
        assertThat(methods[0]).isGreaterThan(100);
        assertThat(monitors)
                .as("before JDK 24 a virtual thread that parks in one holds its carrier")
                .isEmpty();
    }

    private static final class MonitorFinder extends ClassVisitor {

        private final String file;
        private final List<String> monitors;
        private final int[] methods;

        MonitorFinder(String file, List<String> monitors, int[] methods) {
            super(Opcodes.ASM9);
            this.file = file;
            this.monitors = monitors;
            this.methods = methods;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] exceptions) {
            methods[0]++;
            if ((access & Opcodes.ACC_SYNCHRONIZED) != 0) {
                monitors.add(file + " " + name);
            }
            return new MethodVisitor(Opcodes.ASM9) {
                @Override
                public void visitInsn(int opcode) {
                    if (opcode == Opcodes.MONITORENTER) {
                        monitors.add(file + " " + name);
                    }
                }
            };
        }
    }
}
