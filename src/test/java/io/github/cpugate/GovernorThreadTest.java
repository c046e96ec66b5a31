package io.github.cpugate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.github.cpugate.cpu.CpuSample;
import io.github.cpugate.cpu.CpuSampler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Samplers, policies and listeners that do not return, and the threads that make the steps. */
class GovernorThreadTest {

    private static final long SOON =
            Duration.ofMillis(100).toNanos(); // of a listener two fifths: not a pause of the host

    private final WaitingLine line = new WaitingLine("hanging", 1, 8, 4, System::nanoTime, 0, null);
    private final List<Observation> told = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final AtomicInteger hanging = new AtomicInteger();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    @AfterEach
    void letGo() {
        letGo.countDown();
    }

    private void hang() {
        hanging.incrementAndGet();
        try {
            letGo.await();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts other people's code", e);
        }
    }

    private CpuSample hangingSample() {
        hang();
        return CpuSample.of(95);
    }

    private CpuSample hangingAtFirst(AtomicReference<Thread> first) {
        if (first.compareAndSet(null, Thread.currentThread())) {
            hang();
        }
        return CpuSample.of(60);
    }

    private Governor governor(CpuSampler sampler, StepPolicy policy, GateListener... listeners) {
        List<GateListener> all = new ArrayList<>(List.of(listeners));
        all.add(step -> {
            threads.add(Thread.currentThread());
            told.add(step);
        });
        Governor governor = new Governor("hanging", sampler, policy, line, all, System::nanoTime, 70);
        governor.turns().patience(SOON);
        return governor;
    }

    private static boolean saysWhereItHangs(ILoggingEvent event) {
        return List.of(event.getThrowableProxy().getStackTraceElementProxyArray()).stream()
                .anyMatch(frame -> frame.getStackTraceElement().getMethodName().equals("hang"));
    }

    @Test
    void aReadThatHangsHoldsTheLimitAndNobodyUpAndRecoversByItself() {
        Governor governor = governor(this::hangingSample, null);
        try (LogCapture log = new LogCapture()) {
            governor.start(1, this);
            Await.until("steps go on", () -> told.size() >= 20);
            assertThat(governor.lastSample().health()).isEqualTo(CpuSample.Health.FAILING);
            assertThat(governor.lastSample().detail())
                    .contains("the CPU sampler of gate 'hanging' has not returned for 0.");
            assertThat(governor.step())
                    .as("steps by hand do not wait again")
                    .returns(Reason.NO_READING, Observation::reason)
                    .returns(4, Observation::limitAfter);
            assertThat(hanging).as("asked once").hasValue(1);
            assertThat(log.at(Level.WARN)).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage()).startsWith("the CPU sampler of gate 'hanging' fails");
                assertThat(event).matches(GovernorThreadTest::saysWhereItHangs);
            });

            letGo.countDown();
            Await.until("it cuts to the floor", () -> line.report().limit() == 1);
            Await.until(
                    "and says so",
                    () -> log.messagesAt(Level.INFO).contains("the CPU sampler of gate 'hanging' works again"));
        } finally {
            governor.close();
        }
    }

    @Test
    void aPolicyThatHangsHoldsTheLimitAndIsSaidOnce() {
        Governor governor = governor(() -> CpuSample.of(95), seen -> {
            hang();
            return seen.moveBy(1, Reason.HEADROOM);
        });
        try (LogCapture log = new LogCapture()) {
            governor.start(1, this);
            Await.until("steps go on", () -> told.size() >= 20);
            assertThat(List.copyOf(told))
                    .allSatisfy(step -> assertThat(step)
                            .returns(Reason.POLICY_FAILED, Observation::reason)
                            .returns(4, Observation::limitAfter));
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("policy of gate 'hanging'");

            letGo.countDown();
            Await.until("it decides again", () -> line.report().limit() == 8);
        } finally {
            governor.close();
        }
    }

    @Test
    void aListenerThatHangsCostsTheOthersNoStep() {
        List<Observation> before = Collections.synchronizedList(new ArrayList<>());
        Governor governor = governor(() -> CpuSample.of(95), null, before::add, step -> hang());
        try (LogCapture log = new LogCapture()) {
            governor.start(1, this);
            Await.until("steps go on", () -> told.size() >= 20);
            governor.close();
            Await.until(
                    "they have ended, but for the one that hangs",
                    () -> threads.stream().noneMatch(Thread::isAlive));
            assertThat(told).as("each step once and in order, for all others").isEqualTo(before);
            assertThat(line.report().limit()).isEqualTo(1);
            assertThat(hanging).hasValue(1);
            assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("listener of gate 'hanging'");
        }
    }

    @Test
    void soManyHangAtOnceAsThereAre() {
        Governor governor = governor(this::hangingSample, null, step -> hang(), step -> hang(), step -> hang());
        governor.start(1, this);
        Await.until("steps go on", () -> told.size() >= 20);
        assertThat(hanging).as("each asked once").hasValue(4);
        governor.close();
    }

    @Test
    void aThreadThatIsBackEndsIfAnotherHasItsPlace() {
        AtomicReference<Thread> first = new AtomicReference<>();
        Governor governor = governor(() -> hangingAtFirst(first), null);
        governor.start(1, this);
        Await.until("another goes on", () -> !told.isEmpty());
        assertThat(first.get().isAlive()).isTrue();
        letGo.countDown();
        Await.until("the first ends", () -> !first.get().isAlive());
        int steps = told.size();
        Await.until("the other does not", () -> told.size() > steps + 20);
        assertThat(threads).hasSize(1).doesNotContain(first.get());
        governor.close();
        Await.until("now it does", () -> threads.stream().noneMatch(Thread::isAlive));
    }

    @Test
    void anAnswerThatComesTooLateCountsForNothing() {
        AtomicInteger asked = new AtomicInteger();
        Governor governor = governor(
                () -> {
                    int number = asked.incrementAndGet();
                    if (number == 1) {
                        hang();
                    }
                    return CpuSample.of(number);
                },
                seen -> seen.hold(Reason.IN_BAND));
        Caller<Observation> first = Caller.start(governor::step);
        Await.until("it hangs", () -> hanging.get() == 1);
        assertThat(governor.step().reason())
                .as("by another, who does not wait for it")
                .isEqualTo(Reason.NO_READING);
        letGo.countDown();
        assertThat(first.result().cpu().raw()).as("of a step of its own").isEqualTo(2);
        assertThat(told).extracting(step -> step.cpu().raw()).containsExactly(Double.NaN, 2.0);
    }

    @Test
    void aGovernorWhoseTurnWentToAStepByHandIsReplacedToo() {
        Governor governor = governor(this::hangingSample, null);
        governor.start(1, this);
        Await.until("it hangs", () -> hanging.get() == 1);
        assertThat(governor.step().reason()).isEqualTo(Reason.NO_READING);
        Await.until("steps go on", () -> told.size() >= 20);
        governor.close();
    }

    @Test
    void aTurnThatWasLostWhileTellingCallsNobodyElse() {
        AtomicInteger first = new AtomicInteger();
        CountDownLatch letSecondGo = new CountDownLatch(1);
        AtomicInteger second = new AtomicInteger();
        Set<Thread> sampled = ConcurrentHashMap.newKeySet();
        Governor governor = governor(
                () -> {
                    sampled.add(Thread.currentThread());
                    return CpuSample.of(60);
                },
                null,
                step -> {
                    if (first.incrementAndGet() == 1) {
                        hang();
                    }
                },
                step -> {
                    if (second.incrementAndGet() == 1) {
                        Await.until("let go", () -> letSecondGo.getCount() == 0);
                    }
                });
        Caller<Observation> one = Caller.start(governor::step);
        Await.until("the first listener hangs", () -> hanging.get() == 1);
        Caller<Observation> two = Caller.start(governor::step);
        Await.until("the second one does, told of the same step", () -> second.get() == 1);
        assertThat(governor.step().reason()).isEqualTo(Reason.IN_BAND);
        Turns.Turn another = new Turns.Turn();
        governor.turns().begin(another);
        letSecondGo.countDown();
        Await.parked(two.thread());
        assertThat(sampled).as("it waits for a turn first").doesNotContain(two.thread());
        governor.turns().end(another);
        assertThat(two.result().reason()).isEqualTo(Reason.IN_BAND);
        letGo.countDown();
        assertThat(one.result()).isNotNull();
    }

    @Test
    void aStepFromWithinALostTurnIsRefused() {
        AtomicReference<Governor> self = new AtomicReference<>();
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        Governor governor = governor(
                () -> {
                    if (hanging.get() == 0) {
                        hang();
                        try {
                            self.get().step();
                        } catch (Throwable t) {
                            refusal.set(t);
                        }
                    }
                    return CpuSample.of(60);
                },
                null);
        self.set(governor);
        Caller<Observation> first = Caller.start(governor::step);
        Await.until("it hangs", () -> hanging.get() == 1);
        assertThat(governor.step().reason()).isEqualTo(Reason.NO_READING);
        letGo.countDown();
        assertThat(first.result()).isNotNull();
        assertThat(refusal.get()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aThreadThatWasReplacedDoesNotSleepThroughAPeriodFirst() {
        AtomicReference<Thread> first = new AtomicReference<>();
        Governor governor = governor(() -> hangingAtFirst(first), null);
        governor.start(Duration.ofDays(1).toNanos(), this);
        Await.until("another goes on", () -> !told.isEmpty());
        letGo.countDown();
        Await.until("the first ends", () -> !first.get().isAlive());
        governor.close();
    }

    @Test
    void aLogThatHangsCostsNoStep() {
        Governor governor = governor(() -> CpuSample.of(told.size() % 2 == 0 ? 95 : Double.NaN), null);
        try (LogCapture log = new LogCapture()) {
            log.hangUntil(letGo);
            governor.start(1, this);
            Await.until("steps go on", () -> told.size() >= 20);
            letGo.countDown();
            Await.until(
                    "what still fails is said once the log is back",
                    () -> !log.messagesAt(Level.WARN).isEmpty());
        } finally {
            governor.close();
        }
    }

    @Test
    void whoWaitsForAStepIsInterruptedAfterIt() {
        Governor governor = governor(this::hangingSample, null);
        governor.turns().patience(Duration.ofDays(1).toNanos());
        Caller<Observation> first = Caller.start(governor::step);
        Await.until("it hangs", () -> hanging.get() == 1);
        Caller<Observation> second = Caller.start(governor::step);
        Await.parked(second.thread());
        second.thread().interrupt();
        Await.parked(second.thread());
        letGo.countDown();

        assertThat(first.result().cpu().isOk()).isTrue();
        assertThat(second.result().cpu().isOk()).isTrue();
        assertThat(second.interruptedAfter()).isTrue();
    }

    @Test
    void theThreadTakesNothingFromTheOneThatMakesItAndNothingFromOneStepToTheNext() {
        InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
        inherited.set("secret");
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(new ClassLoader(before) {});
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        try (AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("own")
                .period(Duration.ofMillis(1))
                .sampler(() -> {
                    Thread thread = Thread.currentThread();
                    seen.add(thread.getName() + " " + thread.isDaemon() + " " + thread.isInterrupted() + " "
                            + inherited.get() + " "
                            + (thread.getContextClassLoader() == AdaptiveCpuGate.class.getClassLoader()));
                    thread.interrupt(); // I/O through a channel would fail at once, in the next reading
                    return CpuSample.of(60);
                })
                .build()) {
            Await.until("three steps", () -> seen.size() >= 3);
            assertThat(gate.snapshot().closed()).isFalse();
            assertThat(List.copyOf(seen)).containsOnly("cpugate-governor-own true false null true");
        } finally {
            Thread.currentThread().setContextClassLoader(before);
            inherited.remove();
        }
    }

    @Test
    void aSamplerThatMakesAStepIsRefused() {
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
    void stepsByHandAreMadeOnTheCallingThreadOnAClosedGateToo() {
        AtomicReference<Thread> askedOn = new AtomicReference<>();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .period(Duration.ofDays(1))
                .sampler(() -> {
                    askedOn.set(Thread.currentThread());
                    return CpuSample.of(60);
                })
                .build();
        Await.until("the first step", () -> gate.snapshot().cpu().isOk());
        gate.adjust();
        assertThat(askedOn).hasValue(Thread.currentThread());
        gate.close();
        askedOn.set(null);
        gate.adjust();
        assertThat(askedOn).hasValue(Thread.currentThread());
    }

    @Test
    void closeEndsTheThreads() {
        AtomicReference<Thread> governor = new AtomicReference<>();
        AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
                .name("ending")
                .period(Duration.ofDays(1))
                .sampler(() -> CpuSample.of(60))
                .listener(step -> governor.set(Thread.currentThread()))
                .build();
        Await.until("the first step, at once", () -> governor.get() != null);
        Await.parked(governor.get());
        Thread watch = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("cpugate-watch-ending"))
                .findAny()
                .orElseThrow();
        assertThat(watch.isDaemon()).isTrue();

        gate.close();
        Await.until("both have ended", () -> !governor.get().isAlive() && !watch.isAlive());
    }
}
