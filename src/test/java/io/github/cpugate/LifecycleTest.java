package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Gates that nobody closes. */
class LifecycleTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final LogCapture log = new LogCapture();
    private final AtomicInteger steps = new AtomicInteger();

    @AfterEach
    void stopCapture() {
        log.close();
    }

    /** Governed, with one slot. The caller's stack is to keep it no longer than the caller wants. */
    private AdaptiveCpuGate governed(String name) {
        AtomicInteger counted = steps; // the listener is the governor's: it must not refer to the gate
        return AdaptiveCpuGate.builder()
                .name(name)
                .maxSlots(1)
                .period(Duration.ofMillis(1))
                .sampler(() -> CpuSample.of(60))
                .listener(step -> counted.incrementAndGet())
                .build();
    }

    private static boolean isGoverned(String gate) {
        Thread[] threads = new Thread[2 * Thread.activeCount() + 100];
        int running = Thread.enumerate(threads);
        return Stream.of(threads)
                .limit(running)
                .map(Thread::getName)
                .anyMatch(List.of("cpugate-governor-" + gate, "cpugate-watch-" + gate)::contains);
    }

    private static void collect(WeakReference<?> dropped) {
        Await.until("collected", () -> {
            System.gc();
            return dropped.refersTo(null);
        });
    }

    private void awaitMoreSteps() {
        int before = steps.get();
        Await.until("five more steps", () -> steps.get() >= before + 5);
    }

    private void awaitDesertion(String gate) {
        Await.until("its governor has ended, and the thread that looks after it", () -> {
            System.gc();
            return !isGoverned(gate);
        });
        assertThat(log.messagesAt(Level.WARN))
                .containsExactly("gate '" + gate + "' was dropped without close(); its governor ends");
    }

    private WeakReference<AdaptiveCpuGate> dropAtOnce(String name) {
        return new WeakReference<>(governed(name));
    }

    @Test
    void theGovernorOfADroppedGateEndsAndSaysSo() {
        WeakReference<AdaptiveCpuGate> gate = dropAtOnce("dropped");
        awaitDesertion("dropped");
        assertThat(gate.refersTo(null)).isTrue();
        assertThat(log.messagesAt(Level.ERROR)).isEmpty();
    }

    @Test
    void aGateThatIsClosedAndThenDroppedIsNoNews() {
        try (AdaptiveCpuGate gate = governed("closed")) {
            awaitMoreSteps();
            assertThat(gate.snapshot().closed()).isFalse();
        }
        Await.until("its governor has ended, and the thread that looks after it", () -> !isGoverned("closed"));
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    /** What is left of a gate that was dropped. */
    private record Remains(WeakReference<AdaptiveCpuGate> gate, Slot held, CompletableFuture<Slot> inLine) {}

    private Remains takeLineUpAndDrop(String name) throws InterruptedException {
        AdaptiveCpuGate gate = governed(name);
        return new Remains(new WeakReference<>(gate), gate.slot(), gate.slotAsync());
    }

    @Test
    void aDroppedGateIsGovernedWhileASlotIsHeldOrACallerIsInLine() throws InterruptedException {
        Remains left = takeLineUpAndDrop("wanted");
        collect(left.gate());
        awaitMoreSteps();
        assertThat(isGoverned("wanted")).isTrue();

        left.held().close();
        Slot next = left.inLine().join();
        awaitMoreSteps();
        assertThat(isGoverned("wanted")).isTrue();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();

        next.close();
        awaitDesertion("wanted");
        assertThat(log.messagesAt(Level.ERROR)).isEmpty();
    }

    private CompletableFuture<Slot> loseASlotLineUpAndDrop(String name) throws InterruptedException {
        AdaptiveCpuGate gate = governed(name);
        gate.slot();
        return gate.slotAsync();
    }

    @Test
    void aDroppedGateServesItsLineThoughTheSlotInFlightIsLost() throws InterruptedException {
        CompletableFuture<Slot> inLine = loseASlotLineUpAndDrop("lost");

        Await.until("the lost slot goes to the one in line", () -> {
            System.gc();
            return inLine.isDone();
        });
        awaitMoreSteps(); // the step that gave it back has said so by then
        assertThat(log.messagesAt(Level.ERROR)).singleElement().asString().contains("given back: 1");
        inLine.join().close();
        awaitDesertion("lost");
    }

    /** An executor, and the gate behind it, to which nothing else refers. */
    private record Lent(WeakReference<AdaptiveCpuGate> gate, Executor executor) {}

    private Lent lend(String name) {
        AdaptiveCpuGate gate = governed(name);
        return new Lent(new WeakReference<>(gate), gate.executor(Runnable::run));
    }

    /** In a frame of its own: nothing of the executor is left when this returns. */
    private void useAnExecutorForAWhile(String name) {
        Lent lent = lend(name);
        collect(new WeakReference<>(new Object()));
        awaitMoreSteps();
        assertThat(lent.gate().refersTo(null)).isFalse();
        AtomicInteger ran = new AtomicInteger();
        lent.executor().execute(ran::incrementAndGet);
        assertThat(ran).hasValue(1);
        assertThat(isGoverned(name)).isTrue();
    }

    @Test
    void anExecutorKeepsItsGateGoverned() {
        useAnExecutorForAWhile("lent");
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
        awaitDesertion("lent");
    }

    /** What the child JVM runs. */
    static final class Forgetful {

        static final List<Object> KEPT = new ArrayList<>();

        private Forgetful() {}

        public static void main(String[] args) throws InterruptedException {
            AdaptiveCpuGate gate =
                    AdaptiveCpuGate.builder().sampler(() -> CpuSample.of(60)).build();
            KEPT.add(gate);
            KEPT.add(gate.slot());
            KEPT.add(gate.slotAsync());
            System.out.println(gate.snapshot().waiting() + " in line");
        }
    }

    private static Process startForgetful() {
        try {
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Forgetful.class.getName())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            return abort("this JVM cannot start another: " + e);
        }
    }

    @Test
    void anOpenGateDoesNotKeepTheJvm() throws IOException, InterruptedException {
        Process child = startForgetful();
        try {
            assertThat(child.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
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
