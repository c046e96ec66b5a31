package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.CpuSample;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Samplers that hang, and the thread that they are asked on. */
class WatchedSamplerTest {

    private static final long SOON = Duration.ofMillis(20).toNanos();
    private static final long NEVER = Duration.ofDays(1).toNanos();

    private final CountDownLatch hung = new CountDownLatch(1);
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicReference<Thread> askedOn = new AtomicReference<>();

    @AfterEach
    void letGo() {
        hung.countDown();
    }

    private WatchedSampler watched(long answerWithinNanos) {
        return new WatchedSampler(this::hang, "asked", answerWithinNanos);
    }

    private CpuSample hang() {
        askedOn.set(Thread.currentThread());
        calls.incrementAndGet();
        try {
            hung.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts other people's code", e);
        }
        return CpuSample.of(95);
    }

    @Test
    void aReadThatHangsHoldsTheLimitAndNobodyUpAndRecoversByItself() throws Exception {
        WaitingLine line = new WaitingLine("hanging", 1, 8, 4, System::nanoTime, 0, null);
        Governor governor = new Governor("hanging", this::hang, null, line, List.of(), System::nanoTime, 70);
        governor.answerWithin(SOON);
        try (LogCapture log = new LogCapture()) {
            governor.start(1, this);
            Await.until(
                    "the step gives up",
                    () -> !governor.lastSample().isOk() && governor.lastSample().health() == CpuSample.Health.FAILING);
            assertThat(governor.lastSample().detail()).contains("the sampler has not answered for 0.");
            for (int i = 0; i < 100; i++) {
                assertThat(governor.step())
                        .as("steps by hand do not wait again")
                        .returns(Reason.NO_READING, Observation::reason)
                        .returns(4, Observation::limitAfter);
            }
            assertThat(calls).as("asked once").hasValue(1);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("sampler of gate 'hanging'");
            assertThat(log.at(Level.WARN).get(0).getThrowableProxy().getStackTraceElementProxyArray())
                    .as("where it hangs")
                    .anyMatch(frame ->
                            frame.getStackTraceElement().getMethodName().equals("hang"));

            hung.countDown();
            Await.until("it cuts to the floor", () -> line.report().limit() == 1);
            Await.until(
                    "and says so",
                    () -> log.messagesAt(Level.INFO).contains("the CPU sampler of gate 'hanging' works again"));
        } finally {
            governor.stop();
        }
    }

    @Test
    void anAnswerThatComesTooLateIsNotTakenForTheNext() throws Throwable {
        WatchedSampler sampler = watched(SOON);
        assertThatExceptionOfType(TimeoutException.class).isThrownBy(sampler::sample);
        hung.countDown();
        Await.until("there is a sample again", () -> {
            try {
                return CpuSample.of(95).equals(sampler.sample());
            } catch (Throwable t) {
                return false;
            }
        });
        assertThat(calls).hasValue(2);
        sampler.end();
    }

    @Test
    void aHungThreadEndsOnceItAnswersAndNoOtherCallsTheSamplerMeanwhile() throws Throwable {
        WatchedSampler sampler = watched(SOON);
        assertThatExceptionOfType(TimeoutException.class).isThrownBy(sampler::sample);
        sampler.end();
        assertThatExceptionOfType(TimeoutException.class).isThrownBy(sampler::sample);
        assertThat(calls).hasValue(1);

        hung.countDown();
        Await.until("its thread has ended", () -> !askedOn.get().isAlive());
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(95));
        assertThat(askedOn).as("asked on the caller's thread from now on").hasValue(Thread.currentThread());
    }

    @Test
    void aCallerThatIsInterruptedWaitsOnAndStaysInterrupted() {
        WatchedSampler sampler = watched(NEVER);
        Caller<CpuSample> caller = Caller.start(() -> {
            try {
                return sampler.sample();
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        });
        Await.until("it is asked", () -> calls.get() == 1);
        Await.parked(caller.thread());
        caller.thread().interrupt();
        hung.countDown();

        assertThat(caller.result()).isEqualTo(CpuSample.of(95));
        assertThat(caller.interruptedAfter()).isTrue();
        assertThat(calls).hasValue(1);
        sampler.end();
    }

    @Test
    void theThreadTakesNothingFromTheOneThatMakesItAndNothingFromOneSampleToTheNext() throws Throwable {
        InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
        inherited.set("secret");
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(new ClassLoader(before) {});
        WatchedSampler sampler = new WatchedSampler(
                () -> {
                    Thread thread = Thread.currentThread();
                    assertThat(thread.isInterrupted()).isFalse();
                    thread.interrupt();
                    assertThat(inherited.get()).isNull();
                    assertThat(thread.isDaemon()).isTrue();
                    assertThat(thread.getName()).isEqualTo("asked");
                    assertThat(thread.getContextClassLoader()).isSameAs(WatchedSampler.class.getClassLoader());
                    return CpuSample.of(60);
                },
                "asked",
                NEVER);
        try {
            for (int i = 0; i < 3; i++) {
                assertThat(sampler.sample()).isEqualTo(CpuSample.of(60));
            }
        } finally {
            Thread.currentThread().setContextClassLoader(before);
            inherited.remove();
            sampler.end();
        }
    }

    @Test
    void aStrangerWhoInterruptsTheThreadSpoilsNoSample() throws Throwable {
        WatchedSampler sampler = new WatchedSampler(
                () -> {
                    askedOn.set(Thread.currentThread());
                    return CpuSample.of(Thread.currentThread().isInterrupted() ? 0 : 60);
                },
                "asked",
                NEVER);
        var unused = sampler.sample();
        Await.parked(askedOn.get());
        askedOn.get().interrupt(); // I/O through a channel would fail at once
        assertThat(sampler.sample()).isEqualTo(CpuSample.of(60));
        sampler.end();
    }

    @Test
    void aSamplerThatMakesAStepIsRefusedOnItsThreadToo() {
        AtomicReference<AdaptiveCpuGate> self = new AtomicReference<>();
        CountDownLatch built = new CountDownLatch(1);
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("self")
                .sampler(() -> {
                    try {
                        built.await();
                        self.get().adjust();
                    } catch (Throwable t) {
                        refusal.set(t);
                    }
                    return CpuSample.of(60);
                })
                .build()) {
            self.set(gate);
            built.countDown();
            Await.until("it was refused", () -> refusal.get() != null);
            assertThat(refusal.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("gate 'self'");
            Await.until("and the step is made", () -> gate.snapshot().cpu().isOk());
        }
    }

    @Test
    void aManualGateAsksOnTheCallingThreadAndAClosedOneToo() {
        try (AdaptiveCpuGate manual = AdaptiveCpuGate.builder()
                .manual()
                .sampler(() -> {
                    askedOn.set(Thread.currentThread());
                    return CpuSample.of(60);
                })
                .build()) {
            manual.adjust();
            assertThat(askedOn).hasValue(Thread.currentThread());
        }
        AtomicReference<Thread> governor = new AtomicReference<>();
        AdaptiveCpuGate governed = AdaptiveCpuGate.builder()
                .period(Duration.ofDays(1))
                .sampler(() -> {
                    askedOn.set(Thread.currentThread());
                    return CpuSample.of(60);
                })
                .listener(step -> governor.compareAndSet(null, Thread.currentThread()))
                .build();
        Await.until("the first step", () -> governor.get() != null);
        Thread itsOwn = askedOn.get();
        governed.close();
        Await.until("both threads end", () -> !governor.get().isAlive() && !itsOwn.isAlive());
        governed.adjust();
        assertThat(askedOn).hasValue(Thread.currentThread());
    }
}
