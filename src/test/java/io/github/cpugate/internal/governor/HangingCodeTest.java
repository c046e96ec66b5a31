package io.github.cpugate.internal.governor;

import static io.github.cpugate.internal.governor.GovernorThreadTest.threadsOf;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.github.cpugate.GateListener;
import io.github.cpugate.Slot;
import io.github.cpugate.StepReport;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import io.github.cpugate.internal.line.LineFixture;
import io.github.cpugate.internal.line.LineSlot;
import io.github.cpugate.internal.line.WaitingLine;
import io.github.cpugate.policy.Reason;
import io.github.cpugate.policy.StepPolicy;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Caller;
import io.github.cpugate.testing.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests a governor whose sampler, policy, listener or log hangs. */
class HangingCodeTest {

    private static final long MILLISECOND = 1_000_000;
    private static final long PATIENCE = Duration.ofMillis(100).toNanos();

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final WaitingLine line = LineFixture.line().limit(4).completer(null).build();
    private final List<StepReport> reports = Collections.synchronizedList(new ArrayList<>());
    private final Set<Thread> sampling = ConcurrentHashMap.newKeySet();
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final AtomicInteger hanging = new AtomicInteger();
    private Governor governor;

    @AfterEach
    void end() {
        letGo.countDown();
        if (governor != null) {
            governor.close();
            Await.until("all threads have ended", () -> threadsOf("hanging").isEmpty());
        }
    }

    private void hang() {
        hanging.incrementAndGet();
        try {
            letGo.await();
        } catch (InterruptedException e) {
            throw new AssertionError("the gate must not interrupt foreign code", e);
        }
    }

    private CpuSample hangingSample() {
        sampling.add(Thread.currentThread());
        hang();
        return CpuSample.of(95);
    }

    /** Makes a governor; its last listener records the step reports. */
    private Governor governor(CpuSampler sampler, StepPolicy policy, GateListener... listeners) {
        return governor(PATIENCE, sampler, policy, listeners);
    }

    private Governor governor(long patience, CpuSampler sampler, StepPolicy policy, GateListener... listeners) {
        List<GateListener> all = new ArrayList<>(List.of(listeners));
        all.add(reports::add);
        governor = new Governor("hanging", sampler, policy, line, all, System::nanoTime, 70, false, patience, null, 1);
        return governor;
    }

    private void awaitTwentyReports() {
        Await.until("twenty steps are reported", () -> reports.size() >= 20);
    }

    /** Returns the warnings about one part only: during a pause of the machine, each part may seem to hang. */
    private List<ILoggingEvent> warningsAbout(String part) {
        return log.at(Level.WARN).stream()
                .filter(event -> event.getFormattedMessage().startsWith(part + " of gate 'hanging' fails"))
                .toList();
    }

    private static boolean showsTheHangingFrame(ILoggingEvent event) {
        return List.of(event.getThrowableProxy().getStackTraceElementProxyArray()).stream()
                .anyMatch(frame -> frame.getStackTraceElement().getMethodName().equals("hang"));
    }

    @Test
    void aHangingSamplerHoldsTheLimitUntilItReturns() {
        log.setLevel(Level.INFO); // with a line for each step, its queue could be full at the recovery
        governor(this::hangingSample, StepPolicy.oneSlot());
        governor.start(1, this);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        Await.until(
                "the hang is logged", () -> !warningsAbout("the CPU sampler").isEmpty());
        awaitTwentyReports();
        assertThat(governor.snapshot().cpu().health()).isEqualTo(CpuSample.Health.FAILING);
        assertThat(governor.snapshot().cpu().detail())
                .containsPattern("the CPU sampler of gate 'hanging' has not returned for [0-9.]+ s");
        assertThat(governor.step())
                .as("a manual step does not wait for the sampler again")
                .returns(Reason.NO_READING, StepReport::reason)
                .returns(4, StepReport::limitAfter);
        assertThat(hanging).as("the sampler is called once").hasValue(1);
        assertThat(warningsAbout("the CPU sampler")).singleElement().matches(HangingCodeTest::showsTheHangingFrame);

        letGo.countDown();
        Await.until("the limit is cut to the floor", () -> line.snapshot().cpuLimit() == 1);
        Await.until(
                "the recovery is logged",
                () -> log.messagesAt(Level.INFO).contains("the CPU sampler of gate 'hanging' works again"));
        assertThat(sampling).as("all samples are taken on one thread").hasSize(1);
    }

    @Test
    void aHangingPolicyHoldsTheLimitAndIsLoggedOnce() {
        governor(() -> CpuSample.of(95), seen -> {
            hang();
            return seen.moveBy(1, Reason.HEADROOM);
        });
        governor.start(1, this);
        Await.until("the hang is logged", () -> !warningsAbout("the policy").isEmpty());
        Await.until("twenty steps are reported", () -> reportsSinceASample().size() >= 20);
        assertThat(reportsSinceASample()).extracting(StepReport::reason).containsOnly(Reason.POLICY_FAILED);
        assertThat(List.copyOf(reports)).extracting(StepReport::limitAfter).containsOnly(4);
        assertThat(warningsAbout("the policy")).hasSize(1);

        letGo.countDown();
        Await.until("the policy moves the limit again", () -> line.snapshot().cpuLimit() == 8);
    }

    /** Leaves out the steps before the policy was asked; there are some if the machine paused during the sample. */
    private List<StepReport> reportsSinceASample() {
        return List.copyOf(reports).stream()
                .dropWhile(step -> step.reason() == Reason.NO_READING)
                .toList();
    }

    @Test
    void theApiCeilingRecoversWhileTheSamplerHangs() throws InterruptedException {
        governor(this::hangingSample, StepPolicy.oneSlot());
        List<LineSlot> held = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            held.add(LineFixture.take(line));
        }
        CompletableFuture<Slot> next = new LineSlot(line).enterAsync();
        held.get(0).rateLimited(Duration.ofNanos(1));
        held.get(0).close();
        held.get(1).close();
        assertThat(line.snapshot().apiCeiling()).as("70 % of four").isEqualTo(2);
        governor.start(1, this);
        Await.until("the ceiling rises and admits the caller in line", next::isDone);
        assertThat(line.snapshot().apiCeiling()).isEqualTo(3);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        assertThat(hanging).hasValue(1);
    }

    @Test
    void aLostSlotIsGivenBackWhileTheSamplerHangs() throws InterruptedException {
        governor(this::hangingSample, StepPolicy.oneSlot());
        governor.start(1, this);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        LineFixture.take(line);
        Await.until("the lost slot is given back", () -> {
            System.gc();
            return line.snapshot().inFlight() == 0;
        });
        assertThat(hanging).hasValue(1);
    }

    @Test
    void aHangingListenerDelaysNoStep() {
        List<StepReport> before = Collections.synchronizedList(new ArrayList<>());
        governor(() -> CpuSample.of(95), StepPolicy.oneSlot(), before::add, step -> hang());
        governor.start(50 * MILLISECOND, this); // so seldom that no queue is full before the test gives up
        Await.until("the listener hangs", () -> hanging.get() == 1);
        int delivered = reports.size();
        Await.until("the limit is cut to the floor", () -> line.snapshot().cpuLimit() == 1);
        Await.until("the hang is logged", () -> hangingListeners().findAny().isPresent());
        assertThat(hangingListeners()).hasSize(1);
        assertThat(reports).as("the listeners behind the hanging one wait").hasSize(delivered);

        letGo.countDown();
        awaitTwentyReports();
        governor.close();
        Await.until("all is delivered", () -> threadsOf("hanging").isEmpty());
        assertThat(List.copyOf(reports))
                .as("each report is delivered once and in order")
                .isEqualTo(List.copyOf(before));
    }

    /** Returns the warnings about the listener that hangs; those about the others would start with the same words. */
    private Stream<ILoggingEvent> hangingListeners() {
        return warningsAbout("a listener").stream().filter(HangingCodeTest::showsTheHangingFrame);
    }

    @Test
    void reportsDroppedBecauseAListenerHangsAreCounted() {
        log.setLevel(Level.WARN); // or the log is too slow, too
        AtomicInteger calls = new AtomicInteger();
        governor(() -> CpuSample.of(60), StepPolicy.oneSlot(), step -> {
            if (calls.incrementAndGet() == 1) {
                hang();
            }
        });
        governor.step();
        Await.until("a listener hangs", () -> hanging.get() == 1);
        AtomicInteger steps = new AtomicInteger(1);
        Await.until("both listeners miss reports", () -> {
            governor.step();
            return steps.incrementAndGet() >= 1100;
        });
        long dropped = governor.dispatcher().dropped.get();
        assertThat(dropped).as("of 2200").isBetween(190L, 210L);
        letGo.countDown();
        Await.until(
                "both receive the reports that were queued",
                () -> calls.get() + reports.size() == 2L * steps.get() - dropped);
        Await.until("the overflow is logged", () -> !log.messagesAt(Level.WARN).isEmpty());
        assertThat(log.messagesAt(Level.WARN))
                .containsExactly("the queue for a listener of gate 'hanging' fails: "
                        + "it is full with 1000 events, and step reports are dropped (logged once)");

        for (int i = 0; i < 10; i++) {
            governor.step();
        }
        Await.until("the loss is logged", () -> log.messagesAt(Level.WARN).size() == 2);
        assertThat(log.messagesAt(Level.WARN))
                .last()
                .isEqualTo("gate 'hanging': its listeners missed " + dropped + " step reports");
    }

    @Test
    void closeReachesTheOtherListenersWhileOneHangs() {
        List<String> closed = Collections.synchronizedList(new ArrayList<>());
        governor(
                () -> CpuSample.of(60),
                StepPolicy.oneSlot(),
                closing(closed, "first", () -> {}, () -> {}),
                closing(closed, "hangs in a step", this::hang, () -> {}),
                closing(closed, "hangs at the close", () -> {}, this::hang),
                closing(closed, "last", () -> {}, () -> {}));
        governor.start(1, this);
        Await.until("a listener hangs", () -> hanging.get() == 1);
        long start = System.nanoTime();
        governor.close();
        assertThat(System.nanoTime() - start)
                .as("close() does not wait until the listener returns")
                .isLessThan(Await.DEADLINE.toNanos());
        Await.until("the others are closed", () -> closed.size() == 3);
        assertThat(List.copyOf(closed)).containsExactlyInAnyOrder("first", "hangs at the close", "last");
        Await.until("pending reports are delivered at the close", () -> !reports.isEmpty());

        letGo.countDown();
        Await.until("the listener that hung is closed once it returns", () -> closed.size() == 4);
        assertThat(closed).doesNotHaveDuplicates();
    }

    private static GateListener closing(List<String> closed, String name, Runnable onStep, Runnable onClose) {
        return new GateListener() {
            @Override
            public void onStep(StepReport step) {
                onStep.run();
            }

            @Override
            public void onClose() {
                closed.add(name);
                onClose.run();
            }
        };
    }

    @Test
    void theGovernorRecoversAfterSamplerAndListenersHungAtOnce() {
        governor(this::hangingSample, StepPolicy.oneSlot(), step -> hang(), step -> hang());
        governor.start(1, this);
        Await.until("the sampler and the first listener hang", () -> hanging.get() == 2);
        Await.until(
                "the fault of the sampler is reported",
                () -> governor.snapshot().cpu().health() == CpuSample.Health.FAILING);
        letGo.countDown();
        Await.until("the limit is cut to the floor", () -> line.snapshot().cpuLimit() == 1);
        awaitTwentyReports();
    }

    @Test
    void aLateSampleIsUsedByTheStepThatAskedForIt() {
        AtomicInteger asked = new AtomicInteger();
        governor(
                () -> {
                    int number = asked.incrementAndGet();
                    if (number == 1) {
                        hang();
                    }
                    return CpuSample.of(number);
                },
                seen -> seen.hold(Reason.IN_BAND));
        Caller<StepReport> first = Caller.start(governor::step);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        assertThat(governor.step().reason())
                .as("a step in place of the step that hangs")
                .isEqualTo(Reason.NO_READING);
        letGo.countDown();
        assertThat(first.result().cpu().raw()).isEqualTo(1);
        Await.until("both are reported", () -> reports.size() == 2);
        assertThat(reports).extracting(step -> step.cpu().raw()).containsExactly(Double.NaN, 1.0);
    }

    @Test
    void theGovernorGoesOnWhileAManualStepHangs() {
        governor(this::hangingSample, StepPolicy.oneSlot());
        Caller<StepReport> manual = Caller.start(governor::step);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        governor.start(1, this);
        awaitTwentyReports();
        assertThat(List.copyOf(reports)).extracting(StepReport::reason).containsOnly(Reason.NO_READING);
        letGo.countDown();
        assertThat(manual.result().reason()).isEqualTo(Reason.OVER_TARGET);
    }

    @Test
    void aHangingLogDelaysNoStep() {
        AtomicInteger samples = new AtomicInteger();
        governor(() -> CpuSample.of(samples.incrementAndGet() % 2 == 0 ? 95 : Double.NaN), StepPolicy.oneSlot());
        log.hangUntil(letGo);
        governor.start(1, this);
        Await.until("the limit is cut to the floor", () -> line.snapshot().cpuLimit() == 1);
        Await.until("200 steps are made", () -> samples.get() >= 200);
        letGo.countDown();
        Await.until(
                "the fault is logged once the log returns",
                () -> log.messagesAt(Level.WARN).stream().anyMatch(line -> line.contains("CPU sampler")));
    }

    @Test
    void anInterruptDuringTheWaitForAnotherStepIsKept() {
        governor(Duration.ofDays(1).toNanos(), this::hangingSample, StepPolicy.oneSlot());
        Caller<StepReport> first = Caller.start(governor::step);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        Caller<StepReport> second = Caller.start(governor::step);
        Await.parked(second.thread());
        second.thread().interrupt();
        Await.parked(second.thread());
        letGo.countDown();

        assertThat(first.result().cpu().isOk()).isTrue();
        assertThat(second.result().cpu().isOk()).isTrue();
        assertThat(second.interruptedAfter()).isTrue();
    }

    @Test
    void aDroppedGateEndsAlthoughItsSamplerHangs() {
        governor(this::hangingSample, StepPolicy.oneSlot(), step -> {});
        Object[] gate = {new Object()};
        governor.start(1, gate[0]);
        Await.until("the sampler hangs", () -> hanging.get() == 1);
        gate[0] = null;
        Await.until("the watch and the dispatcher have ended", () -> {
            System.gc();
            return threadsOf("hanging").size() == 1;
        });
        assertThat(hanging).hasValue(1);
    }
}
