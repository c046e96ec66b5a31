package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads quotas from files as Linux shows them. */
class QuotaMeterTest extends QuotaFiles {

    @Test
    void theReadingIsTheUsedShareOfTheQuota() {
        writeProcFiles("0::/", V2);
        writeGroupV2("", "50000 100000", 3);
        own = 2 * SECOND;
        QuotaMeter meter = meter();
        assertThat(tightest(meter)).as("the first read only primes").isNull();

        writeGroupV2("", "50000 100000", 3.3);
        own += SECOND / 10;
        assertThat(readAfterOneSecond(meter)).isEqualTo(new CpuReading(60, 20, SECOND, "cgroup / (0.5 cores)", 0.5));
        assertThat(log.messagesAt(Level.INFO))
                .containsExactly("CPU quotas measured in addition to host CPU: cgroup / (0.5 cores)");
    }

    @Test
    void usageAboveTheQuotaIsCappedAt100Percent() {
        writeProcFiles("0::/a", V2);
        writeGroupV2("/a", "150000 100000", 3);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/a", "150000 100000", 5);
        assertThat(readAfterOneSecond(meter)).isEqualTo(new CpuReading(100, 0, SECOND, "cgroup /a (1.5 cores)", 1.5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"max 100000", "max"})
    void aGroupWithoutAQuotaHasNoReading(String cpuMax) {
        writeProcFiles("0::/a/b", V2);
        writeGroupV2("/a", cpuMax, 3);
        writeGroupV2("/a/b", cpuMax, 3);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/a/b", cpuMax, 4);
        assertThat(readAfterOneSecond(meter)).isNull();
        assertThat(log.messagesAt(Level.INFO)).containsExactly("CPU quotas measured in addition to host CPU: none");
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void theGroupClosestToItsQuotaIsReported() {
        writeProcFiles("0::/pod/app", V2);
        writeGroupV2("/pod", "100000 100000", 10);
        writeGroupV2("/pod/app", "90000 100000", 5);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/pod", "100000 100000", 10.8);
        writeGroupV2("/pod/app", "90000 100000", 5.2);
        assertThat(readAfterOneSecond(meter)).returns("cgroup /pod (1.0 cores)", CpuReading::scope);
        writeGroupV2("/pod", "100000 100000", 11.6);
        writeGroupV2("/pod/app", "90000 100000", 6);
        assertThat(readAfterOneSecond(meter)).returns("cgroup /pod/app (0.9 cores)", CpuReading::scope);
        assertThat(log.messagesAt(Level.INFO))
                .as("not logged again when another group is reported")
                .hasSize(1);
    }

    @Test
    void aQuotaChangedInPlaceTakesEffectAtOnceAndIsLogged() {
        writeProcFiles("0::/a", V2);
        writeGroupV2("/a", "200000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/a", "100000 100000", 1);
        assertThat(readAfterOneSecond(meter).percent())
                .as("in the span of the cut: the larger quota held for part of it")
                .isEqualTo(50);
        writeGroupV2("/a", "100000 100000", 1.8);
        assertThat(readAfterOneSecond(meter).percent()).isEqualTo(80, within(1e-6));
        writeGroupV2("/a", "max 100000", 2);
        assertThat(readAfterOneSecond(meter)).isNull();
        assertThat(log.messagesAt(Level.INFO))
                .extracting(message -> message.replaceFirst(".*: ", ""))
                .containsExactly("cgroup /a (2.0 cores)", "cgroup /a (1.0 cores)", "none");
    }

    /** Moves the process to another group. */
    private void assertThatAMoveIsFoundAtOnce(QuotaMeter meter) {
        writeProcFiles("0::/new", V2);
        writeGroupV2("/new", "50000 100000", 7);
        assertThat(readAfterOneSecond(meter)).isNull();
        assertThat(readAfterOneSecond(meter)).as("the first read primes").isNull();
        writeGroupV2("/new", "50000 100000", 7.4);
        assertThat(readAfterOneSecond(meter)).returns("cgroup /new (0.5 cores)", CpuReading::scope);
    }

    @Test
    void aRemovedGroupTriggersANewScan() throws IOException {
        writeProcFiles("0::/old", V2);
        writeGroupV2("/old", "100000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        Files.delete(root.resolve("sys/fs/cgroup/old/cpu.max"));
        assertThatAMoveIsFoundAtOnce(meter);
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aProcessMovedToAnotherGroupIsFoundAtTheNextScan() {
        writeProcFiles("0::/old", V2);
        writeGroupV2("/old", "100000 100000", 0);
        writeGroupV2("/new", "50000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeProcFiles("0::/new", V2);
        for (int i = 0; i < 32; i++) {
            var unused = readAfterOneSecond(meter);
        }
        assertThat(readAfterOneSecond(meter)).returns("cgroup /new (0.5 cores)", CpuReading::scope);
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
    void anInvalidQuotaIsIgnoredAndLoggedOnce(String cpuMax) {
        writeProcFiles("0::/pod/app", V2);
        writeGroupV2("/pod", "100000 100000", 0);
        writeGroupV2("/pod/app", cpuMax, 0);
        QuotaMeter meter = meter();
        tightest(meter);

        writeGroupV2("/pod", "100000 100000", 0.7);
        assertThat(readAfterOneSecond(meter))
                .as("the other quota is still measured")
                .returns("cgroup /pod (1.0 cores)", CpuReading::scope);
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("/pod/app", "logged once");
    }

    @Test
    void invalidOrDecreasingUsageHasNoReading() {
        writeProcFiles("0::/a", V2);
        writeGroupV2("/a", "100000 100000", 5);
        QuotaMeter meter = meter();
        tightest(meter);

        write("sys/fs/cgroup/a/cpu.stat", "nothing");
        assertThat(readAfterOneSecond(meter)).isNull();
        writeGroupV2("/a", "100000 100000", 6);
        assertThat(readAfterOneSecond(meter))
                .as("the first read after a fault primes again")
                .isNull();
        writeGroupV2("/a", "100000 100000", 4);
        assertThat(readAfterOneSecond(meter)).isNull();
        writeGroupV2("/a", "100000 100000", 4.5);
        assertThat(readAfterOneSecond(meter)).returns(50.0, CpuReading::percent);
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
    }

    @Test
    void aFileThatFailsIntermittentlyIsLoggedOnce() {
        writeProcFiles("0::/a", V2);
        QuotaMeter meter = meter();
        for (int i = 0; i < 20; i++) {
            writeGroupV2("/a", i % 2 == 0 ? "100000 100000" : "broken", i);
            var unused = readAfterOneSecond(meter);
        }
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
        assertThat(log.messagesAt(Level.INFO)).hasSize(1);
    }

    @Test
    void aMissingProcMeansNoQuotaAndNoFault() {
        QuotaMeter meter = meter();
        tightest(meter);

        assertThat(readAfterOneSecond(meter)).isNull();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void anInvalidProcMeansNoQuotaAndIsLoggedOnce() {
        writeProcFiles("garbage", "garbage");
        QuotaMeter meter = meter();
        for (int i = 0; i < 100; i++) {
            assertThat(readAfterOneSecond(meter)).isNull();
        }
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
    }

    @Test
    void aScanThatFailsOnceLeavesTheKnownQuotas() {
        writeProcFiles("0::/a", V2);
        writeGroupV2("/a", "100000 100000", 0);
        QuotaMeter meter = meter();
        for (int i = 0; i < 70; i++) {
            write("proc/self/cgroup", i > 20 && i < 40 ? "nonsense" : "0::/a");
            writeGroupV2("/a", "100000 100000", i);
            CpuReading reading = readAfterOneSecond(meter);
            assertThat(reading == null).as("reading %s", i).isEqualTo(i == 0);
        }
        assertThat(log.messagesAt(Level.WARN)).hasSize(1);
    }

    @Test
    void aMoveToAChildGroupKeepsTheReadingsOfTheParent() {
        writeProcFiles("0::/a", V2);
        writeGroupV2("/a", "100000 100000", 0);
        QuotaMeter meter = meter();
        for (int i = 0; i < 40; i++) {
            write("proc/self/cgroup", i < 10 ? "0::/a" : "0::/a/b");
            writeGroupV2("/a", "100000 100000", i);
            assertThat(readAfterOneSecond(meter) == null).isEqualTo(i == 0);
        }
    }

    @Test
    void aQuotaThatWasNotUsedUpInAnyPeriodIsKnownNotToThrottle() {
        writeProcFiles("0::/a", V2);
        writeGroupV2("/a", "100000 100000", 1);
        write("sys/fs/cgroup/a/cpu.stat", "usage_usec 1000000\nnr_periods 10\nnr_throttled 4");
        QuotaMeter meter = meter();
        tightest(meter);
        assertThat(meter.throttled()).isNaN();

        write("sys/fs/cgroup/a/cpu.stat", "usage_usec 1400000\nnr_periods 20\nnr_throttled 4");
        assertThat(readAfterOneSecond(meter)).isNotNull();
        assertThat(meter.throttled()).isZero();
    }

    @Test
    void aGroupThatCannotBeReadTriggersANewScan() {
        writeProcFiles("0::/old", V2);
        writeGroupV2("/old", "100000 100000", 0);
        QuotaMeter meter = meter();
        tightest(meter);

        write("sys/fs/cgroup/old/cpu.stat", "nonsense");
        assertThatAMoveIsFoundAtOnce(meter);
    }
}
