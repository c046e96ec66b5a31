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
