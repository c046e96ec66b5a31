package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class JfrEventsTest {

    private static final Duration THRESHOLD = Duration.ofMillis(10);
    private static final Duration LONG_WAIT = Duration.ofMillis(200);
    private static final Offset<Float> TINY = within(1e-6f);

    @TempDir
    Path folder;

    private static AdaptiveCpuGate gate(CpuSample cpu) {
        return AdaptiveCpuGate.builder()
                .name("batch")
                .manual()
                .initialSlots(2)
                .sampler(() -> cpu)
                .listener(JfrEvents.create())
                .build();
    }

    private static CpuSample busy() {
        return CpuSample.of(new CpuReading(95, 60, 0, "cgroup /a (0.5 cores)", 0.5), 90);
    }

    private static List<RecordedEvent> events(Path file, String name) throws IOException {
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("io.github.cpugate." + name))
                .toList();
    }

    private List<RecordedEvent> stop(Recording recording, String name) throws IOException {
        Path file = folder.resolve(name + ".jfr");
        recording.dump(file);
        return events(file, name);
    }

    @Test
    void eachStepAndEachMoveOfTheLimitIsAnEvent() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            recording.start();
            try (Slot slot = gate.slot()) {
                assertThat(slot).isNotNull();
                gate.step();
                gate.step();
            }
            List<RecordedEvent> states = stop(recording, "GateState");
            assertThat(states).hasSize(2);
            RecordedEvent state = states.get(0);
            assertThat(state.getString("gate")).isEqualTo("batch");
            assertThat(state.getInt("limit")).isEqualTo(1);
            assertThat(state.getInt("inFlight")).isEqualTo(1);
            assertThat(state.getInt("waiting")).isZero();
            assertThat(state.getLong("admitted")).isEqualTo(1);
            assertThat(state.getLong("timedOut")).isZero();
            assertThat(state.getString("reason")).isEqualTo("OVER_TARGET");
            assertThat(state.getFloat("raw")).isCloseTo(0.95f, TINY);
            assertThat(state.getFloat("smoothed")).isCloseTo(0.9f, TINY);
            assertThat(state.getFloat("own")).isCloseTo(0.6f, TINY);
            assertThat(state.getFloat("others")).isCloseTo(0.35f, TINY);
            assertThat(state.getFloat("target")).isCloseTo(0.7f, TINY);
            assertThat(state.getString("scope")).isEqualTo("cgroup /a (0.5 cores)");
            assertThat(state.getString("health")).isEqualTo("OK");
            assertThat(state.getEventType().getCategoryNames()).containsExactly("CPU gate");
            assertThat(states.get(1).getString("reason")).isEqualTo("AT_FLOOR");
            assertThat(states.get(1).getLong("admitted")).isZero();

            assertThat(stop(recording, "LimitChange"))
                    .as("the second step did not move the limit")
                    .singleElement()
                    .satisfies(change -> {
                        assertThat(change.getString("gate")).isEqualTo("batch");
                        assertThat(change.getInt("before")).isEqualTo(2);
                        assertThat(change.getInt("after")).isEqualTo(1);
                        assertThat(change.getString("reason")).isEqualTo("OVER_TARGET");
                        assertThat(change.getFloat("raw")).isCloseTo(0.95f, TINY);
                        assertThat(change.getFloat("smoothed")).isCloseTo(0.9f, TINY);
                        assertThat(change.getFloat("target")).isCloseTo(0.7f, TINY);
                        assertThat(change.getStackTrace()).isNull();
                    });
        }
    }

    @Test
    void refusalsAndTheLimitChangesTheyCauseAreInTheEvents() throws Exception {
        try (Recording recording = new Recording();
                HeldBackGate gate = new HeldBackGate(JfrEvents.create())) {
            recording.start();
            gate.run();
            RecordedEvent state = stop(recording, "GateState").get(0);
            assertThat(state.getInt("limit")).isEqualTo(1);
            assertThat(state.getInt("cpuLimit")).isEqualTo(3);
            assertThat(state.getInt("apiCeiling")).isEqualTo(1);
            assertThat(state.getLong("rateLimited")).isEqualTo(2);
            assertThat(state.getString("bottleneck")).isEqualTo("API");
            assertThat(state.getDuration("heldBackByCpu")).hasSeconds(1);
            assertThat(state.getDuration("heldBackByApi")).hasMillis(2500);
            assertThat(state.getDuration("heldBackByMaxSlots")).hasSeconds(3);

            List<RecordedEvent> changes = stop(recording, "LimitChange");
            assertThat(changes).extracting(change -> change.getInt("before")).containsExactly(2, 1);
            assertThat(changes).extracting(change -> change.getInt("after")).containsExactly(1, 2);
            assertThat(changes).extracting(change -> change.getInt("cpuLimit")).containsExactly(3, 3);
            assertThat(changes)
                    .extracting(change -> change.getInt("apiCeiling"))
                    .containsExactly(1, 2);
            assertThat(changes)
                    .extracting(change -> change.getLong("rateLimited"))
                    .containsExactly(2L, 0L);
            assertThat(changes)
                    .as("the CPU limit rose at the first of these steps, but the API ceiling was lower")
                    .extracting(change -> change.getString("reason"))
                    .containsOnly("RATE_LIMITED");
        }
    }

    @Test
    void pausedSessionsResumptionsAndRejectionsAreInTheEvents() throws Exception {
        try (Recording recording = new Recording();
                PausedGate paused = new PausedGate(JfrEvents.create())) {
            recording.start();
            paused.run();
            assertThat(stop(recording, "GateState")).singleElement().satisfies(state -> {
                assertThat(state.getInt("paused")).isEqualTo(3);
                assertThat(state.getInt("backingOff")).isEqualTo(1);
                assertThat(state.getLong("admitted")).isEqualTo(4);
                assertThat(state.getLong("resumed")).isEqualTo(2);
                assertThat(state.getLong("rejected")).isEqualTo(1);
            });
        }
    }

    @Test
    void anUnknownCpuValueIsNaN() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(CpuSample.starting())) {
            recording.start();
            gate.step();
            assertThat(stop(recording, "GateState")).singleElement().satisfies(state -> {
                assertThat(state.getFloat("raw")).isNaN();
                assertThat(state.getFloat("others")).isNaN();
                assertThat(state.getString("health")).isEqualTo("STARTING");
                assertThat(state.getString("reason")).isEqualTo("NO_READING");
            });
        }
    }

    @Test
    void aLongWaitIsAnEventOnTheThreadThatWaited() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            recording.start();
            gate.step(); // down to one slot
            Slot held = gate.slot();
            Thread caller = new Thread(() -> gate.slotAsync().join().close(), "completed elsewhere");
            Thread blocked = new Thread(
                    () -> {
                        try (Slot slot = gate.slot()) {
                            assertThat(slot).isNotNull();
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    },
                    "blocked");
            blocked.start();
            Await.until("one caller is in line", () -> gate.snapshot().waiting() == 1);
            Await.parked(blocked);
            caller.start();
            Await.until("two callers are in line", () -> gate.snapshot().waiting() == 2);
            Await.parked(caller);
            long before = System.nanoTime();
            assertThat(gate.trySlot(LONG_WAIT)).isEmpty(); // meanwhile the two callers before it wait as long
            Duration atMost = Duration.ofNanos(System.nanoTime() - before);
            held.close();
            blocked.join();
            caller.join();

            List<RecordedEvent> waits = stop(recording, "SlotWait");
            assertThat(waits).hasSize(3).allSatisfy(wait -> {
                assertThat(wait.getString("gate")).isEqualTo("batch");
                assertThat(wait.getDuration()).isGreaterThan(THRESHOLD);
            });
            assertThat(waits)
                    .filteredOn(wait -> wait.getString("outcome").equals("TIMED_OUT"))
                    .singleElement()
                    .satisfies(wait -> {
                        assertThat(wait.getDuration()).isLessThanOrEqualTo(atMost);
                        assertThat(wait.getThread().getJavaName())
                                .isEqualTo(Thread.currentThread().getName());
                        assertThat(wait.getStackTrace().getFrames())
                                .as("the stack of the caller that waited")
                                .anyMatch(frame ->
                                        frame.getMethod().getName().equals("aLongWaitIsAnEventOnTheThreadThatWaited"));
                    });
            assertThat(waits)
                    .filteredOn(wait -> wait.getString("outcome").equals("ADMITTED"))
                    .hasSize(2)
                    .anyMatch(wait -> wait.getThread().getJavaName().equals("blocked"));
        }
    }

    @Test
    void aWaitBelowTheThresholdIsNoEvent() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            recording.start();
            gate.step(); // down to one slot
            int stalled = 0;
            try (Slot held = gate.slot()) {
                assertThat(held).isNotNull();
                for (int i = 0; i < 100; i++) {
                    long before = System.nanoTime();
                    gate.slotAsync().cancel(true);
                    stalled += System.nanoTime() - before >= THRESHOLD.toNanos() ? 1 : 0;
                }
            }
            assertThat(stalled).isLessThan(50);
            assertThat(stop(recording, "SlotWait")).hasSizeLessThanOrEqualTo(stalled);
        }
    }

    @Test
    void disabledEventsAreNotRecorded() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            List<String> names = List.of("SlotWait", "GateState", "LimitChange");
            names.forEach(name -> recording.disable("io.github.cpugate." + name));
            recording.start();
            gate.step();
            try (Slot held = gate.slot()) {
                assertThat(held).isNotNull();
                assertThat(gate.trySlot(LONG_WAIT)).isEmpty();
            }
            assertThat(JfrEvents.create().onWait())
                    .as("with the events disabled")
                    .isNull();
            for (String name : names) {
                assertThat(stop(recording, name)).isEmpty();
            }
        }
        assertThat(JfrEvents.create().onWait()).as("without a recording").isNull();
    }

    /** A JVM with a gate, which makes a step and a wait for each line that it reads. */
    static final class Child {

        private Child() {}

        public static void main(String[] args) throws Exception {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            try (AdaptiveCpuGate gate = gate(busy())) {
                System.out.println("ready");
                while (lines.readLine() != null) {
                    gate.setSlots(2, 2);
                    gate.setSlots(1, 2);
                    gate.step(); // from two slots to one
                    try (Slot held = gate.slot()) {
                        assertThat(held).isNotNull();
                        System.out.println(gate.trySlot(LONG_WAIT).isEmpty() ? "worked" : "did not wait");
                    }
                }
            }
        }
    }

    private static Process startChild(String... options) {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.add(Child.class.getName());
        return Processes.start(Processes.java(arguments.toArray(String[]::new)));
    }

    private static void work(BufferedWriter input, BufferedReader output) throws IOException {
        input.write('\n');
        input.flush();
        assertThat(output.readLine()).isEqualTo("worked");
    }

    @Test
    void aRecordingStartedInARunningJvmHasTheEvents() throws Exception {
        Processes.assumeJcmd();
        Path file = folder.resolve("child.jfr");
        Process child = startChild();
        try (BufferedReader output = child.inputReader();
                BufferedWriter input = child.outputWriter()) {
            assertThat(output.readLine()).isEqualTo("ready");
            work(input, output); // loads the classes of the events before the recording starts
            Processes.jcmd(child, "JFR.start", "name=gate");
            work(input, output);
            assertThat(Processes.jcmd(child, "JFR.dump", "name=gate", "filename=" + file))
                    .contains(file.toString());
        } finally {
            child.destroyForcibly();
        }
        assertThat(events(file, "GateState")).hasSize(1);
        assertThat(events(file, "LimitChange"))
                .singleElement()
                .satisfies(change -> assertThat(change.getInt("after")).isEqualTo(1));
        assertThat(events(file, "SlotWait")).singleElement().satisfies(wait -> {
            assertThat(wait.getString("outcome")).isEqualTo("TIMED_OUT");
            assertThat(wait.getDuration()).isGreaterThan(THRESHOLD);
            assertThat(wait.getThread().getJavaName()).isEqualTo("main");
        });
    }

    @Test
    void withoutFlightRecorderTheGateWorksAndAWarningIsLogged() throws Exception {
        Process child = startChild("--limit-modules", "java.desktop,java.naming,jdk.management,jdk.unsupported");
        try {
            child.getOutputStream().write('\n');
            child.getOutputStream().close();
            assertThat(Processes.outputOf(child).lines())
                    .hasSize(3)
                    .endsWith("ready", "worked")
                    .first()
                    .asString()
                    .contains("WARN", "no module jdk.jfr");
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isZero();
        } finally {
            child.destroyForcibly();
        }
    }
}
