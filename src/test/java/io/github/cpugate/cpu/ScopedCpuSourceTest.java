package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads host CPU, allowed processors and quotas together, from files as Linux shows them. */
class ScopedCpuSourceTest extends QuotaFiles {

    private double ofHost = 40;
    private int hostReads;
    private final CpuSource host = () -> hostReads++ == 0 ? Double.NaN : ofHost;
    private ProcFiles files;
    private CpuSource source;

    @BeforeEach
    void startOnTwoProcessors() {
        files = new ProcFiles(root, 2);
        writeProcFiles("0::/a/b", V2);
        source = source(meter());
    }

    private CpuSource source(QuotaMeter meter) {
        return new ScopedCpuSource(
                host, new AllowedProcessors(() -> new LinuxProcessors(root), () -> own, () -> now), meter);
    }

    private CpuReading readAfterOneSecond() {
        now += SECOND;
        return source.reading();
    }

    @Test
    void theLargerOfHostAndQuotaGoverns() {
        writeGroupV2("/a", "100000 100000", 0);
        source.read();
        writeGroupV2("/a", "100000 100000", 0.9);
        assertThat(readAfterOneSecond()).returns("cgroup /a (1.0 cores)", CpuReading::scope);
        writeGroupV2("/a", "100000 100000", 1.0);
        assertThat(readAfterOneSecond()).returns("host", CpuReading::scope).returns(40.0, CpuReading::percent);
    }

    @Test
    void aMissingHostReadingExtendsTheSpanOfTheNextReading() {
        writeGroupV2("/a", "100000 100000", 0);
        source.read();
        ofHost = Double.NaN;
        writeGroupV2("/a", "100000 100000", 0.5);
        assertThat(readAfterOneSecond().percent()).isNaN();
        ofHost = 5;
        assertThat(readAfterOneSecond()).isEqualTo(new CpuReading(25, 0, 2 * SECOND, "cgroup /a (1.0 cores)", 1));
    }

    @Test
    void aQuotaFaultLeavesTheHostReadingValid() {
        source = source(new QuotaMeter(root, () -> own, () -> {
            throw new IllegalStateException("clock broke");
        }));
        log.breakFor(Level.INFO);
        source.read();
        for (int i = 0; i < 50; i++) {
            assertThat(source.reading()).isEqualTo(CpuReading.of(40));
        }
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("clock broke");
    }

    @Test
    void allowedProcessorsReplaceTheHostAndQuotasStillCount() {
        ofHost = 99;
        files.allow("1");
        writeGroupV2("/a", "50000 100000", 0);
        source.read();
        files.run(0, 100, 0);
        files.run(1, 30, 70);
        writeGroupV2("/a", "50000 100000", 0.05);
        assertThat(readAfterOneSecond())
                .as("the stranger on processor 0 does not count")
                .returns("processors 1 of 2", CpuReading::scope)
                .returns(30.0, CpuReading::percent);
        files.run(1, 30, 70);
        writeGroupV2("/a", "50000 100000", 0.35);
        assertThat(readAfterOneSecond())
                .returns("cgroup /a (0.5 cores)", CpuReading::scope)
                .returns(60.0, CpuReading::percent);
        assertThat(hostReads).as("so that OSHI is not loaded").isZero();
    }

    @Test
    void aRestrictionThatBeginsAndEndsLeavesNoStepWithoutAReading() {
        source.read();
        assertThat(readAfterOneSecond().scope()).isEqualTo("host");
        List<String> scopes = new ArrayList<>();
        for (String allowed : List.of("0", "0", "0-1", "0-1", "1", "1")) {
            files.allow(allowed);
            files.run(0, 50, 50);
            files.run(1, 50, 50);
            CpuReading reading = readAfterOneSecond();
            assertThat(reading.percent()).isBetween(40.0, 50.0);
            scopes.add(reading.scope());
        }
        assertThat(scopes).containsExactly("host", "processors 0 of 2", "host", "host", "host", "processors 1 of 2");
    }

    @Test
    void theThrottledShareOfAQuotaIsReportedWhicheverScopeGoverns() {
        writeGroupV2("/a", "100000 100000", 0);
        write("sys/fs/cgroup/a/cpu.stat", "usage_usec 0\nnr_periods 10\nnr_throttled 4\nthrottled_usec 9");
        source.read();
        assertThat(readAfterOneSecond().throttled()).as("no period has begun").isZero();
        write("sys/fs/cgroup/a/cpu.stat", "usage_usec 100000\nnr_periods 20\nnr_throttled 7\nthrottled_usec 9");
        assertThat(readAfterOneSecond()).returns("host", CpuReading::scope).returns(30.0, CpuReading::throttled);
        write("sys/fs/cgroup/a/cpu.stat", "usage_usec 100000\nnr_periods 5\nnr_throttled 7");
        assertThat(readAfterOneSecond().throttled())
                .as("the counters have been reset")
                .isNaN();
    }

    @Test
    void withoutAQuotaNothingIsKnownOfThrottling() {
        source.read();
        assertThat(readAfterOneSecond().throttled()).isNaN();
    }

    @ParameterizedTest(name = "noise with a standard deviation of {0} points")
    @ValueSource(doubles = {1, 2, 4})
    void scopesOfEqualLoadDoNotTakeTurns(double noise) {
        int most = 0;
        double missed = 0;
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            ScopeChoice choice = new ScopeChoice();
            int changes = 0;
            String last = "";
            for (int i = 0; i < 200; i++) {
                double load = 60 + 10 * Math.sin(i / 9.0);
                CpuReading host = CpuReading.of(load + noise * random.nextGaussian());
                CpuReading quota = quota(load + noise * random.nextGaussian());
                CpuReading chosen = choice.choose(List.of(host, quota));
                changes += i > 0 && !last.equals(chosen.scope()) ? 1 : 0;
                missed += Math.max(host.percent(), quota.percent()) - chosen.percent();
                last = chosen.scope();
            }
            most = Math.max(most, changes);
        }
        assertThat(most).as("changes in 200 readings").isLessThanOrEqualTo(5);
        assertThat(missed / 20 / 200)
                .as("points that the reading is too low by, on average")
                .isLessThan(0.6 * noise);
    }

    private static CpuReading quota(double percent) {
        return new CpuReading(percent, Double.NaN, 0, "cgroup / (2.0 cores)", 2);
    }

    @Test
    void aScopeThatIsReallyTheTighterOneGovernsWithinFourReadings() {
        for (double lead : new double[] {3.1, 15, 15.1, 50}) {
            ScopeChoice choice = new ScopeChoice();
            CpuReading host = CpuReading.of(40);
            choice.choose(List.of(host));
            int readings = 1;
            while (choice.choose(List.of(host, quota(40 + lead))).equals(host)) {
                readings++;
            }
            assertThat(readings).as("with a lead of %s", lead).isEqualTo(lead > 15 ? 1 : 4);
        }
    }

    @Test
    void aLeadOfThreePointsIsNoReasonForAChange() {
        ScopeChoice choice = new ScopeChoice();
        CpuReading host = CpuReading.of(40);
        choice.choose(List.of(host));
        for (int i = 0; i < 100; i++) {
            assertThat(choice.choose(List.of(host, quota(43)))).isSameAs(host);
        }
    }

    @Test
    void aScopeThatIsGoneGivesWayAtOnce() {
        ScopeChoice choice = new ScopeChoice();
        CpuReading host = CpuReading.of(40);
        choice.choose(List.of(quota(50), host));

        assertThat(choice.choose(List.of(host))).isSameAs(host);
        assertThat(choice.choose(List.of())).isNull();
    }
}
