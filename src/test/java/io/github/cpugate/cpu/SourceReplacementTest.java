package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.HostCpuSource.Candidate;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests when a source of the host's CPU is replaced by another one, and when a better one is used again. */
class SourceReplacementTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final List<Candidate> candidates = new ArrayList<>();
    private long own; // CPU time of this JVM, as the source sees it
    private long now = Long.MAX_VALUE - 5;
    private final HostCpuSource source = new HostCpuSource(() -> own, () -> now) {
        @Override
        List<Candidate> candidates() {
            return candidates;
        }
    };

    private void addCandidate(String name, Supplier<CpuSource> opener) {
        candidates.add(new Candidate(name, opener));
    }

    @Test
    void aSingleFaultDoesNotReplaceTheSource() {
        int[] reads = {0};
        addCandidate("a", () -> () -> {
            if (++reads[0] == 2) {
                throw new IllegalStateException("a hiccup");
            }
            return reads[0];
        });
        addCandidate("b", () -> () -> 99);

        assertThat(source.read()).isEqualTo(1);
        assertThatThrownBy(source::read).hasMessage("a hiccup");
        assertThat(source.read()).isEqualTo(3);
    }

    /** A source that primes at its first read, and fails while {@link #failing} is set. */
    private final class Flaky implements CpuSource {

        private final double percent;
        private boolean primed;

        Flaky(double percent) {
            this.percent = percent;
        }

        @Override
        public double read() {
            if (failing) {
                throw new IllegalStateException("flaky");
            }
            boolean first = !primed;
            primed = true;
            return first ? Double.NaN : percent;
        }
    }

    private boolean failing;

    @Test
    void aFaultAtTheFirstReadDoesNotExcludeTheBestSourcePermanently() {
        addCandidate("best", () -> new Flaky(42));
        addCandidate("lesser", () -> () -> 99);
        failing = true;
        assertThat(source.read()).isEqualTo(99);
        failing = false;
        for (int i = 0; i < 8; i++) {
            assertThat(source.read())
                    .as("a reading at each read, while the better source primes")
                    .isEqualTo(99);
        }
        assertThat(source.read()).isEqualTo(42);
        assertThat(log.messagesAt(Level.INFO))
                .containsExactly(
                        "host CPU source: lesser; best failed: java.lang.IllegalStateException: flaky",
                        "host CPU source: best; previous: lesser");
    }

    @Test
    void betterSourcesAreRetriedAtGrowingIntervals() {
        int[] opened = {0};
        addCandidate("best", () -> {
            opened[0]++;
            throw new UnsatisfiedLinkError("no library");
        });
        addCandidate("lesser", () -> () -> 99);
        for (int i = 0; i < 8 + 16 + 32 + 64 + 1; i++) {
            assertThat(source.read()).isEqualTo(99);
        }
        assertThat(opened[0]).isEqualTo(1 + 4);
        for (int i = 0; i < 10 * 1024; i++) {
            source.read();
        }
        assertThat(opened[0]).as("every 1024 reads, without end").isBetween(15, 20);
    }

    @Test
    void aSourceThatFailsThreeTimesIsReplacedAndComesBack() {
        addCandidate("best", () -> new Flaky(42));
        addCandidate("lesser", () -> () -> 99);
        assertThat(source.read()).isNaN();
        assertThat(source.read()).isEqualTo(42);
        failing = true;
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(source::read).hasMessage("flaky");
        }
        assertThat(source.read()).isEqualTo(99);
        failing = false;
        Await.until("the best source is used again", () -> source.read() == 42);
        assertThat(log.messagesAt(Level.INFO))
                .containsExactly(
                        "host CPU source: best",
                        "host CPU source: lesser; previous: best",
                        "host CPU source: best; previous: lesser");
    }

    @Test
    void invalidValuesCountAsFailuresAndMissingOnesDoNot() {
        double[] value = {42};
        addCandidate("best", () -> () -> value[0]);
        addCandidate("lesser", () -> () -> 99);
        source.read();
        value[0] = Double.NaN;
        for (int i = 0; i < 100; i++) {
            assertThat(source.read()).isNaN();
        }
        value[0] = -1;
        for (int i = 0; i < 3; i++) {
            assertThat(source.read()).isEqualTo(-1);
        }
        assertThat(source.read()).isEqualTo(99);
    }

    /** Makes a step in which this JVM uses that much CPU. Returns the reading; {@code NaN} if it failed, too. */
    private double step(long ownMillis) {
        return step(source, ownMillis);
    }

    private double step(HostCpuSource source, long ownMillis) {
        now += TimeUnit.SECONDS.toNanos(2);
        own += TimeUnit.MILLISECONDS.toNanos(ownMillis);
        try {
            return source.read();
        } catch (IllegalStateException e) {
            return Double.NaN;
        }
    }

    private int stepsUntil(double percent) {
        for (int steps = 1; steps <= 100; steps++) {
            if (step(500) == percent) {
                return steps;
            }
        }
        return Integer.MAX_VALUE;
    }

    /** As in gVisor, whose /proc/stat has zeros only: OSHI refuses them, and the JDK's bean returns 0. */
    @Test
    void whereNothingShowsCpuTheOwnCpuIsTheReadingWithinTenSteps() {
        addCandidate("OSHI", () -> new OshiCpuSource(() -> new long[8], () -> 4, () -> own, () -> now));
        addCandidate("JDK", () -> new JdkCpuSource(() -> 0, () -> own, () -> now));
        addCandidate("own", () -> new OwnCpuSource(() -> 4, () -> own, () -> now));

        assertThat(stepsUntil(100 * 0.5 / (2 * 4))).isLessThanOrEqualTo(10);
    }

    /** Two sources that read the same counters fail together. */
    @Test
    void theSourceAfterTwoBadOnesServesWithinTenSteps() {
        for (CpuSource bad : List.<CpuSource>of(() -> Double.NaN, new Throwing(), () -> -1)) {
            candidates.clear();
            addCandidate("bad", () -> bad);
            addCandidate("as bad", () -> bad);
            addCandidate("works", () -> () -> 77);
            HostCpuSource source = new HostCpuSource(() -> own, () -> now) {
                @Override
                List<Candidate> candidates() {
                    return candidates;
                }
            };
            double last = Double.NaN;
            for (int i = 0; i < 10; i++) {
                last = step(source, 500);
            }
            assertThat(last).isEqualTo(77);
        }
    }

    /** A source that primes at its first read, and then throws. */
    private static final class Throwing implements CpuSource {

        private boolean primed;

        @Override
        public double read() {
            if (primed) {
                throw new IllegalStateException("no second read");
            }
            primed = true;
            return Double.NaN;
        }
    }

    @Test
    void aBadSourceDoesNotHideABetterOneThatWorksAgain() {
        addCandidate("never has a reading", () -> () -> Double.NaN);
        addCandidate("flaky", () -> new Flaky(42));
        addCandidate("lesser", () -> () -> 99);
        failing = true;
        assertThat(stepsUntil(99)).isLessThanOrEqualTo(10);
        failing = false;

        assertThat(stepsUntil(42)).isLessThan(100);
    }

    @Test
    void aBetterSourceComesBackAlsoWhereStepsAreFasterThanItsCounters() {
        addCandidate("new counters each 300 ms", () -> {
            if (failing) {
                throw new IllegalStateException("flaky");
            }
            long[] last = {now};
            return () -> {
                if (now - last[0] < TimeUnit.MILLISECONDS.toNanos(300)) {
                    return Double.NaN;
                }
                last[0] = now;
                return 42;
            };
        });
        addCandidate("lesser", () -> () -> 99);
        failing = true;
        source.read();
        failing = false;
        for (int i = 0; i < 30; i++) {
            now += TimeUnit.MILLISECONDS.toNanos(50);
            source.read();
        }
        assertThat(log.messagesAt(Level.INFO)).last().asString().startsWith("host CPU source: new counters");
    }

    @ParameterizedTest(name = "no reading at every {0}. step")
    @ValueSource(ints = {1, 2, 3})
    void aSourceThatFlapsBetweenReadingsAndNoneIsReplacedWithinTenSteps(int every) {
        int[] reads = {0};
        addCandidate("flaps", () -> () -> ++reads[0] % every == 0 ? Double.NaN : 42);
        addCandidate("lesser", () -> () -> 99);

        assertThat(stepsUntil(99)).isLessThanOrEqualTo(10);
    }

    @ParameterizedTest(name = "a fault at every {0}. step")
    @ValueSource(ints = {2, 3})
    void aSourceThatFlapsBetweenReadingsAndFaultsIsReplacedWithinTenSteps(int every) {
        int[] reads = {0};
        addCandidate("flaps", () -> () -> {
            if (++reads[0] % every == 0) {
                throw new IllegalStateException("flaps");
            }
            return 42;
        });
        addCandidate("lesser", () -> () -> 99);

        assertThat(stepsUntil(99)).isLessThanOrEqualTo(10);
    }

    @Test
    void noReadingIsNoFaultWhileThisJvmIsIdle() {
        double[] value = {42};
        addCandidate("best", () -> () -> value[0]);
        addCandidate("lesser", () -> () -> 99);
        step(0);
        value[0] = Double.NaN;
        for (int i = 0; i < 20; i++) {
            assertThat(step(0)).isNaN();
        }
        own = -1; // unknown
        value[0] = 42;
        assertThat(step(0)).isEqualTo(42);
        value[0] = Double.NaN;
        for (int i = 0; i < 20; i++) {
            own = -1;
            assertThat(step(0)).isNaN();
        }
    }

    @Test
    void noReadingIsNoFaultWhileStepsAreTooFastForTheSource() {
        addCandidate("new counters each 300 ms", () -> new CpuSource() {
            private long last = now - TimeUnit.SECONDS.toNanos(1);

            @Override
            public double read() {
                if (now - last < TimeUnit.MILLISECONDS.toNanos(300)) {
                    return Double.NaN;
                }
                last = now;
                return 42;
            }
        });
        addCandidate("lesser", () -> () -> 99);
        for (int i = 0; i < 1000; i++) {
            now += TimeUnit.MILLISECONDS.toNanos(50);
            own += TimeUnit.MILLISECONDS.toNanos(100);
            assertThat(source.read()).isNotEqualTo(99);
        }
    }

    @Test
    void aSourceThatWorkedForLongIsTriedAgainSoon() {
        addCandidate("best", () -> new Flaky(42));
        addCandidate("lesser", () -> () -> 99);
        failing = true;
        for (int i = 0; i < 2000; i++) {
            step(0);
        }
        failing = false;
        for (int i = 0; i < 4000; i++) {
            step(0);
        }
        assertThat(step(0)).isEqualTo(42);
        failing = true;
        stepsUntil(99);
        failing = false;
        assertThat(stepsUntil(42)).as("not 1024 steps").isLessThanOrEqualTo(10);
    }

    @Test
    void aSourceThatOnlyPrimesIsReplacedAtOnceAndDoesNotTakeOverAgain() {
        addCandidate("best", Throwing::new);
        addCandidate("lesser", () -> () -> 99);
        source.read();
        assertThatThrownBy(source::read).hasMessage("no second read");
        for (int i = 0; i < 100; i++) {
            assertThat(source.read()).isEqualTo(99);
        }
    }

    @Test
    void theOnlySourceIsReopenedAfterItFailed() {
        addCandidate("only", () -> new Flaky(42));
        source.read();
        failing = true;
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(source::read).hasMessageContaining("flaky");
        }
        failing = false;
        assertThat(source.read()).as("the first read primes").isNaN();
        assertThat(source.read()).isEqualTo(42);
    }
}
