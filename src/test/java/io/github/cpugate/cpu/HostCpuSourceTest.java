package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.github.cpugate.cpu.HostCpuSource.Candidate;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.LogCapture;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests which source of the host's CPU is used first, and that each works on this host. */
class HostCpuSourceTest {

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private final List<Candidate> candidates = new ArrayList<>();
    private final HostCpuSource source = new HostCpuSource(() -> 0, () -> 0) {
        @Override
        List<Candidate> candidates() {
            return candidates;
        }
    };

    private void addCandidate(String name, Supplier<CpuSource> opener) {
        candidates.add(new Candidate(name, opener));
    }

    @Test
    void aFailureWhoseToStringThrowsDoesNotEndTheSearch() {
        addCandidate("a", () -> {
            throw new IllegalStateException() {
                @Override
                public String getMessage() {
                    throw new AssertionError("no name");
                }
            };
        });
        addCandidate("b", () -> () -> 42);

        assertThat(source.read()).isEqualTo(42);
    }

    private static Supplier<CpuSource> broken(String message) {
        return () -> {
            throw new UnsatisfiedLinkError(message);
        };
    }

    @Test
    void theFirstSourceThatOpensAndReadsIsUsed() {
        addCandidate("a", broken("no library"));
        addCandidate("b", () -> () -> {
            throw new IllegalStateException("no ticks");
        });
        addCandidate("c", () -> () -> 42);
        addCandidate("d", () -> () -> 99);

        assertThat(source.read()).isEqualTo(42);
        assertThat(source.read()).isEqualTo(42);
        assertThat(log.messagesAt(Level.INFO))
                .as("logs once which source is used, and why not a better one")
                .singleElement()
                .asString()
                .contains("source: c", "a failed", "no library", "b failed", "no ticks");
    }

    @Test
    void ifNoSourceWorksTheReadFailsAndTheNextReadRetries() {
        addCandidate("a", broken("no library"));

        assertThatThrownBy(source::read).hasMessageContaining("no library");
        addCandidate("b", () -> () -> 42);
        assertThat(source.read()).isEqualTo(42);
    }

    @Test
    void aFailingLogDoesNotCostAReading() {
        addCandidate("a", () -> () -> 42);
        addCandidate("b", () -> () -> 99);

        log.breakFor(Level.INFO);
        assertThat(source.read()).isEqualTo(42);
        assertThat(source.read()).isEqualTo(42);
    }

    /** Uses OSHI itself and the CPU of this host. */
    @Test
    void theDefaultSamplerReadsThisHost() {
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
