package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.github.cpugate.Await;
import io.github.cpugate.LogCapture;
import io.github.cpugate.cpu.HostCpuSource.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class HostCpuSourceTest {

    private final List<Candidate> candidates = new ArrayList<>();
    private final HostCpuSource source = new HostCpuSource() {
        @Override
        List<Candidate> candidates() {
            return candidates;
        }
    };

    private void candidate(String name, Supplier<CpuSource> opener) {
        candidates.add(new Candidate(name, opener));
    }

    @Test
    void aRefusalThatCannotBeNamedIsNoReasonToStopTrying() {
        candidate("a", () -> {
            throw new IllegalStateException() {
                @Override
                public String getMessage() {
                    throw new AssertionError("no name");
                }
            };
        });
        candidate("b", () -> () -> 42);

        assertThat(source.read()).isEqualTo(42);
    }

    private static Supplier<CpuSource> broken(String message) {
        return () -> {
            throw new UnsatisfiedLinkError(message);
        };
    }

    @Test
    void takesTheFirstThatOpensAndReads() {
        candidate("a", broken("no library"));
        candidate("b", () -> () -> {
            throw new IllegalStateException("no ticks");
        });
        candidate("c", () -> () -> 42);
        candidate("d", () -> () -> 99);

        try (LogCapture log = new LogCapture()) {
            assertThat(source.read()).isEqualTo(42);
            assertThat(source.read()).isEqualTo(42);
            assertThat(log.messagesAt(Level.INFO))
                    .as("says once which one serves, and why not a better one")
                    .singleElement()
                    .asString()
                    .contains("through c", "not through a", "no library", "not through b", "no ticks");
        }
    }

    @Test
    void whenNoneServesItSaysWhyAndTriesAgainAtTheNextRead() {
        candidate("a", broken("no library"));

        assertThatThrownBy(source::read).hasMessageContaining("no library");
        candidate("b", () -> () -> 42);
        assertThat(source.read()).isEqualTo(42);
    }

    @Test
    void aLogAtFaultIsNoReasonToDoWithoutAReading() {
        candidate("a", () -> () -> 42);
        candidate("b", () -> () -> 99);

        try (LogCapture log = new LogCapture()) {
            log.breakFor(Level.INFO);
            assertThat(source.read()).isEqualTo(42);
            assertThat(source.read()).isEqualTo(42);
        }
    }

    @Test
    void sticksToTheOneChosen() {
        int[] reads = {0};
        candidate("a", () -> () -> {
            if (++reads[0] == 2) {
                throw new IllegalStateException("a hiccup");
            }
            return reads[0];
        });
        candidate("b", () -> () -> 99);

        assertThat(source.read()).isEqualTo(1);
        assertThatThrownBy(source::read).hasMessage("a hiccup");
        assertThat(source.read()).isEqualTo(3);
    }

    /** A source that primes at its first read, and fails while it is told to. */
    private final class Moody implements CpuSource {

        private final double percent;
        private boolean primed;

        Moody(double percent) {
            this.percent = percent;
        }

        @Override
        public double read() {
            if (failing) {
                throw new IllegalStateException("moody");
            }
            boolean first = !primed;
            primed = true;
            return first ? Double.NaN : percent;
        }
    }

    private boolean failing;

    @Test
    void aFaultAtTheVeryFirstReadDoesNotPinALesserSource() {
        candidate("best", () -> new Moody(42));
        candidate("lesser", () -> () -> 99);
        failing = true;
        try (LogCapture log = new LogCapture()) {
            assertThat(source.read()).isEqualTo(99);
            failing = false;
            for (int i = 0; i < 8; i++) {
                assertThat(source.read())
                        .as("a reading each time, while the better one primes")
                        .isEqualTo(99);
            }
            assertThat(source.read()).isEqualTo(42);
            assertThat(log.messagesAt(Level.INFO))
                    .containsExactly(
                            "host CPU is read through lesser; not through best: java.lang.IllegalStateException: moody",
                            "host CPU is read through best; no longer through lesser");
        }
    }

    @Test
    void betterOnesAreTriedEverMoreRarely() {
        int[] opened = {0};
        candidate("best", () -> {
            opened[0]++;
            throw new UnsatisfiedLinkError("no library");
        });
        candidate("lesser", () -> () -> 99);
        for (int i = 0; i < 8 + 16 + 32 + 64 + 1; i++) {
            assertThat(source.read()).isEqualTo(99);
        }
        assertThat(opened[0]).isEqualTo(1 + 4);
        for (int i = 0; i < 10 * 1024; i++) {
            source.read();
        }
        assertThat(opened[0]).as("but for ever: each 1024 reads").isBetween(15, 20);
    }

    @Test
    void oneThatFailsThriceInARowGivesWayAndComesBack() {
        candidate("best", () -> new Moody(42));
        candidate("lesser", () -> () -> 99);
        try (LogCapture log = new LogCapture()) {
            assertThat(source.read()).isNaN();
            assertThat(source.read()).isEqualTo(42);
            failing = true;
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(source::read).hasMessage("moody");
            }
            assertThat(source.read()).isEqualTo(99);
            failing = false;
            Await.until("the best is back", () -> source.read() == 42);
            assertThat(log.messagesAt(Level.INFO))
                    .containsExactly(
                            "host CPU is read through best",
                            "host CPU is read through lesser; no longer through best",
                            "host CPU is read through best; no longer through lesser");
        }
    }

    @Test
    void valuesThatAreNoPercentageAreFailuresAndMissingOnesAreNot() {
        double[] value = {42};
        candidate("best", () -> () -> value[0]);
        candidate("lesser", () -> () -> 99);
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

    @Test
    void oneThatOnlyPrimesIsNotTakenForOneThatWorks() {
        candidate("best", () -> new CpuSource() {
            private boolean primed;

            @Override
            public double read() {
                if (primed) {
                    throw new IllegalStateException("no second read");
                }
                primed = true;
                return Double.NaN;
            }
        });
        candidate("lesser", () -> () -> 99);
        source.read();
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(source::read).hasMessage("no second read");
        }
        for (int i = 0; i < 100; i++) {
            assertThat(source.read()).isEqualTo(99);
        }
    }

    @Test
    void theOnlyOneThereIsIsOpenedAnewAfterItFailed() {
        candidate("only", () -> new Moody(42));
        source.read();
        failing = true;
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(source::read).hasMessageContaining("moody");
        }
        failing = false;
        assertThat(source.read()).as("primes").isNaN();
        assertThat(source.read()).isEqualTo(42);
    }

    /** The real thing: OSHI's own classes, this host's own CPU. */
    @Test
    void readsThisHost() {
        CpuSampler sampler = CpuSampler.ofHost();

        assertThat(sampler.sample().health()).isEqualTo(CpuSample.Health.STARTING);
        Await.until("a reading", () -> sampler.sample().isOk());
    }

    @Test
    void eachCandidateReadsThisHost() {
        for (Candidate candidate : new HostCpuSource().candidates()) {
            CpuSource each = candidate.opener().get();
            assertThat(each.read()).as(candidate.name()).isNaN();
            Await.until("a reading through " + candidate.name(), () -> each.read() > 0);
        }
    }
}
