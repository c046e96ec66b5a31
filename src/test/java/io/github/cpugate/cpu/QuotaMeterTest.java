package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Quotas in trees of files as Linux shows them. */
class QuotaMeterTest extends QuotaFiles {

    @Test
    void theShareOfTheQuotaThatIsUsed() {
        process("0::/", V2);
        second("", "50000 100000", 3);
        own = 2 * SECOND;
        QuotaMeter meter = meter();
        assertThat(meter.tightest()).as("the first only primes").isNull();

        second("", "50000 100000", 3.3);
        own += SECOND / 10;
        assertThat(aSecondLater(meter)).isEqualTo(new CpuReading(60, 20, SECOND, "cgroup / (0.5 cores)", 0.5));
        assertThat(log.messagesAt(Level.INFO))
                .containsExactly("CPU quotas that count beside the host's processors: cgroup / (0.5 cores)");
    }

    @Test
    void useAboveTheQuotaCountsAsAllOfIt() {
        process("0::/a", V2);
        second("/a", "150000 100000", 3);
        QuotaMeter meter = meter();
        meter.tightest();

        second("/a", "150000 100000", 5);
        assertThat(aSecondLater(meter)).isEqualTo(new CpuReading(100, 0, SECOND, "cgroup /a (1.5 cores)", 1.5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"max 100000", "max"})
    void noQuotaIsNoShare(String cpuMax) {
        process("0::/a/b", V2);
        second("/a", cpuMax, 3);
        second("/a/b", cpuMax, 3);
        QuotaMeter meter = meter();
        meter.tightest();

        second("/a/b", cpuMax, 4);
        assertThat(aSecondLater(meter)).isNull();
        assertThat(log.messagesAt(Level.INFO))
                .containsExactly("CPU quotas that count beside the host's processors: none");
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void anAncestorCloserToItsQuotaCounts() {
        process("0::/pod/app", V2);
        second("/pod", "100000 100000", 10);
        second("/pod/app", "90000 100000", 5);
        QuotaMeter meter = meter();
        meter.tightest();

        second("/pod", "100000 100000", 10.8);
        second("/pod/app", "90000 100000", 5.2);
        assertThat(aSecondLater(meter)).returns("cgroup /pod (1.0 cores)", CpuReading::scope);
        second("/pod", "100000 100000", 11.6);
        second("/pod/app", "90000 100000", 6);
        assertThat(aSecondLater(meter)).returns("cgroup /pod/app (0.9 cores)", CpuReading::scope);
        assertThat(log.messagesAt(Level.INFO))
                .as("not each time that it changes which one counts")
                .hasSize(1);
    }

    @Test
    void aQuotaThatIsChangedInPlaceCountsAtOnceAndIsLogged() {
        process("0::/a", V2);
        second("/a", "200000 100000", 0);
        QuotaMeter meter = meter();
        meter.tightest();

        second("/a", "100000 100000", 1);
        assertThat(aSecondLater(meter).percent())
                .as("of the span in which it was cut: the larger quota held for part of it")
                .isEqualTo(50);
        second("/a", "100000 100000", 1.8);
        assertThat(aSecondLater(meter).percent()).isEqualTo(80, within(1e-6));
        second("/a", "max 100000", 2);
        assertThat(aSecondLater(meter)).isNull();
        assertThat(log.messagesAt(Level.INFO))
                .extracting(message -> message.replaceFirst(".*: ", ""))
                .containsExactly("cgroup /a (2.0 cores)", "cgroup /a (1.0 cores)", "none");
    }

    @Test
    void aGroupThatVanishesIsLookedForAnew() throws IOException {
        process("0::/old", V2);
        second("/old", "100000 100000", 0);
        QuotaMeter meter = meter();
        meter.tightest();

        Files.delete(root.resolve("sys/fs/cgroup/old/cpu.max"));
        process("0::/new", V2);
        second("/new", "50000 100000", 7);
        assertThat(aSecondLater(meter)).isNull();
        assertThat(aSecondLater(meter)).as("primes").isNull();
        second("/new", "50000 100000", 7.4);
        assertThat(aSecondLater(meter)).returns("cgroup /new (0.5 cores)", CpuReading::scope);
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aProcessThatIsMovedIsFoundInTime() {
        process("0::/old", V2);
        second("/old", "100000 100000", 0);
        second("/new", "50000 100000", 0);
        QuotaMeter meter = meter();
        meter.tightest();

        process("0::/new", V2);
        for (int i = 0; i < 32; i++) {
            var unused = aSecondLater(meter);
        }
        assertThat(aSecondLater(meter)).returns("cgroup /new (0.5 cores)", CpuReading::scope);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "much",
                "100000",
                "0 100000",
                "-7 100000",
                "100000 0",
                "50000 100000 1",
                "99999999999999999999 1"
            })
    void aQuotaThatIsGarbageIsNoneAndIsSaidOnce(String cpuMax) {
        process("0::/pod/app", V2);
        second("/pod", "100000 100000", 0);
        second("/pod/app", cpuMax, 0);
        QuotaMeter meter = meter();
        meter.tightest();

        second("/pod", "100000 100000", 0.7);
        assertThat(aSecondLater(meter))
                .as("the other one still counts")
                .returns("cgroup /pod (1.0 cores)", CpuReading::scope);
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("/pod/app", "said once");
    }

    @Test
    void useThatIsGarbageOrRunsBackwardsIsNoShare() {
        process("0::/a", V2);
        second("/a", "100000 100000", 5);
        QuotaMeter meter = meter();
        meter.tightest();

        write("sys/fs/cgroup/a/cpu.stat", "nothing");
        assertThat(aSecondLater(meter)).isNull();
        second("/a", "100000 100000", 6);
        assertThat(aSecondLater(meter)).as("primes anew").isNull();
        second("/a", "100000 100000", 4);
        assertThat(aSecondLater(meter)).isNull();
        second("/a", "100000 100000", 4.5);
        assertThat(aSecondLater(meter)).returns(50.0, CpuReading::percent);
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
    }

    @Test
    void aFileThatIsBrokenByTurnsIsNotSaidEachTime() {
        process("0::/a", V2);
        QuotaMeter meter = meter();
        for (int i = 0; i < 20; i++) {
            second("/a", i % 2 == 0 ? "100000 100000" : "broken", i);
            var unused = aSecondLater(meter);
        }
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
        assertThat(log.messagesAt(Level.INFO)).hasSize(1);
    }

    @Test
    void whereThereIsNoProcThereIsNoQuotaAndNoFault() {
        QuotaMeter meter = meter();
        meter.tightest();

        assertThat(aSecondLater(meter)).isNull();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aProcThatIsGarbageIsNoQuotaAndIsSaidOnce() {
        process("garbage", "garbage");
        QuotaMeter meter = meter();
        for (int i = 0; i < 100; i++) {
            assertThat(aSecondLater(meter)).isNull();
        }
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
    }
    // With the host.

    private double host = Double.NaN;
    private final CpuSource hostSource = () -> host;

    @Test
    void theLargerOfHostAndQuotaGoverns() {
        process("0::/a", V2);
        second("/a", "100000 100000", 0);
        ScopedCpuSource source = new ScopedCpuSource(hostSource, meter());
        assertThat(source.read()).as("primes").isNaN();

        now += SECOND;
        host = 30;
        second("/a", "100000 100000", 0.7);
        assertThat(source.reading())
                .returns(70.0, CpuReading::percent)
                .returns("cgroup /a (1.0 cores)", CpuReading::scope);
        now += SECOND;
        second("/a", "100000 100000", 0.9);
        assertThat(source.reading()).returns(30.0, CpuReading::percent).returns("host", CpuReading::scope);
    }

    @Test
    void withoutAReadingOfTheHostThereIsNoneAndNothingIsLost() {
        process("0::/a", V2);
        second("/a", "100000 100000", 0);
        ScopedCpuSource source = new ScopedCpuSource(hostSource, meter());
        source.read();

        now += SECOND;
        second("/a", "100000 100000", 0.5);
        assertThat(source.read()).isNaN();
        now += SECOND;
        host = 10;
        assertThat(source.reading()).isEqualTo(new CpuReading(25, 0, 2 * SECOND, "cgroup /a (1.0 cores)", 1));
    }

    @Test
    void whatFailsAboutQuotasIsNoFaultOfTheHost() {
        ScopedCpuSource source = new ScopedCpuSource(hostSource, new QuotaMeter(root, () -> own, () -> {
            throw new IllegalStateException("clock broke");
        }));
        host = 42;
        log.breakFor(Level.INFO);
        for (int i = 0; i < 50; i++) {
            assertThat(source.reading()).isEqualTo(CpuReading.of(42));
        }
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("clock broke");
    }
}
