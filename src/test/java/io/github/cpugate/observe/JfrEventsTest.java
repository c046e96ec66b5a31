package io.github.cpugate.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.cpugate.AdaptiveCpuGate;
import io.github.cpugate.Await;
import io.github.cpugate.Processes;
import io.github.cpugate.Slot;
import io.github.cpugate.cpu.CpuReading;
import io.github.cpugate.cpu.CpuSample;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JfrEventsTest {

    private static final Duration THRESHOLD = Duration.ofMillis(10);
    private static final Duration LONGER = Duration.ofMillis(200);
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
    void aStepAndAMoveOfTheLimitAreEvents() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            recording.start();
            try (Slot slot = gate.slot()) {
                assertThat(slot).isNotNull();
                gate.adjust();
                gate.adjust();
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
                    .as("the second step did not move it")
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
    void whatTheServiceRefusedIsInTheStateAndACutByItIsAChangeOfTheLimit() throws Exception {
        try (Recording recording = new Recording();
                BoundGate bound = new BoundGate(JfrEvents.create())) {
            recording.start();
            bound.run();
            RecordedEvent state = stop(recording, "GateState").get(0);
            assertThat(state.getInt("limit")).isEqualTo(1);
            assertThat(state.getInt("cpuLimit")).isEqualTo(3);
            assertThat(state.getInt("apiCeiling")).isEqualTo(1);
            assertThat(state.getLong("rateLimited")).isEqualTo(2);
            assertThat(state.getString("binding")).isEqualTo("API");
            assertThat(state.getDuration("boundByCpu")).hasSeconds(1);
            assertThat(state.getDuration("boundByApi")).hasMillis(2500);
            assertThat(state.getDuration("boundByMaxSlots")).hasSeconds(3);

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
                    .as("the CPU limit rose at the first of these steps, but it is not what counted")
                    .extracting(change -> change.getString("reason"))
                    .containsOnly("RATE_LIMITED");
        }
    }

    @Test
    void whatIsUnknownIsNotANumber() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(CpuSample.starting())) {
            recording.start();
            gate.adjust();
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
            gate.adjust(); // down to one slot
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
            Await.until("in line", () -> gate.snapshot().waiting() == 1);
            Await.parked(blocked);
            caller.start();
            Await.until("in line", () -> gate.snapshot().waiting() == 2);
            Await.parked(caller);
            long before = System.nanoTime();
            assertThat(gate.trySlot(LONGER)).isEmpty(); // and the two before it have waited as long by now
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
                                .as("who it was that waited")
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
    void aWaitBelowTheThresholdIsNone() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            recording.start();
            gate.adjust(); // down to one slot
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
    void nothingIsThereWhenTheyAreOff() throws Exception {
        try (Recording recording = new Recording();
                AdaptiveCpuGate gate = gate(busy())) {
            List<String> names = List.of("SlotWait", "GateState", "LimitChange");
            names.forEach(name -> recording.disable("io.github.cpugate." + name));
            recording.start();
            gate.adjust();
            try (Slot held = gate.slot()) {
                assertThat(held).isNotNull();
                assertThat(gate.trySlot(LONGER)).isEmpty();
            }
            assertThat(JfrEvents.create().onWait())
                    .as("there is nobody to be told")
                    .isNull();
            for (String name : names) {
                assertThat(stop(recording, name)).isEmpty();
            }
        }
        assertThat(JfrEvents.create().onWait()).as("without a recording").isNull();
    }

    /** A JVM with a gate, which does a little work for each line that comes in. */
    static final class Child {

        private Child() {}

        public static void main(String[] args) throws Exception {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            try (AdaptiveCpuGate gate = gate(busy())) {
                System.out.println("ready");
                while (lines.readLine() != null) {
                    gate.setSlots(2, 2);
                    gate.setSlots(1, 2);
                    gate.adjust(); // from two slots to one
                    try (Slot held = gate.slot()) {
                        assertThat(held).isNotNull();
                        System.out.println(gate.trySlot(LONGER).isEmpty() ? "worked" : "did not wait");
                    }
                }
            }
        }
    }

    private static Process startChild(String... options) {
        List<String> words = new ArrayList<>(List.of(options));
        words.add(Child.class.getName());
        return Processes.start(Processes.java(words.toArray(String[]::new)));
    }

    private static void work(BufferedWriter orders, BufferedReader said) throws IOException {
        orders.write('\n');
        orders.flush();
        assertThat(said.readLine()).isEqualTo("worked");
    }

    @Test
    void aRecordingOfAJvmThatRunsHasThem() throws Exception {
        Processes.assumeJcmd();
        Path file = folder.resolve("child.jfr");
        Process child = startChild();
        try (BufferedReader said = child.inputReader();
                BufferedWriter orders = child.outputWriter()) {
            assertThat(said.readLine()).isEqualTo("ready");
            work(orders, said); // the classes of the events are loaded before there is a recording
            Processes.jcmd(child, "JFR.start", "name=gate");
            work(orders, said);
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
    void withoutFlightRecorderTheGateWorksAndTheLogSaysSo() throws Exception {
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
