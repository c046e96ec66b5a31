package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.cpugate.testing.Await;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests what the JVM knows of its own CPU, and readings that are made of nothing else. */
class OwnCpuTest {

    private long own = 7_000_000_000L;
    private long now = Long.MAX_VALUE - 5;
    private final OwnCpuSource source = new OwnCpuSource(() -> 0.5, () -> own, () -> now);

    @Test
    void theReadingIsTheOwnCpuInPercentOfTheCores() {
        assertThat(source.read()).as("the first read primes").isNaN();
        own += 300_000_000;
        now += 1_000_000_000;

        assertThat(source.reading()).isEqualTo(new CpuReading(60, 60, 1_000_000_000, "own CPU (0.5 cores)", 0.5));
        own += 900_000_000;
        now += 1_000_000_000;
        assertThat(source.read()).as("more than the cores").isEqualTo(100);
    }

    @Test
    void aReadTooSoonAfterTheLastExtendsTheNextReading() {
        source.read();
        own += 50_000_000;
        now += 50_000_000;
        assertThat(source.read()).as("the time is counted in units of 10 ms").isNaN();
        now += 950_000_000;
        assertThat(source.read()).isEqualTo(10);
    }

    @Test
    void anUnknownCpuTimeIsAFault() {
        own = -1;
        assertThatThrownBy(source::read).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void coresMustBePositiveAndFinite(double cores) {
        assertThatThrownBy(() -> CpuSampler.ofCores(cores))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("cores must be positive and finite, was " + cores);
    }

    @Test
    void ofCoresReadsThisJvm() {
        CpuSampler sampler = CpuSampler.ofCores(0.25);
        assertThat(sampler.sample().health()).isEqualTo(CpuSample.Health.STARTING);

        Await.until("a reading of this JVM's CPU", () -> {
            CpuSample sample = sampler.sample();
            return sample.raw() > 0
                    && sample.own() == sample.raw()
                    && sample.scope().equals("own CPU (0.25 cores)");
        });
    }

    @Test
    void theFirstWayToAskForTheCpuTimeThatWorksIsUsed() {
        LongSupplier unknown = () -> -1;
        LongSupplier breaks = () -> {
            if (own == 9) {
                throw new NoClassDefFoundError("could not initialize the bean");
            }
            return own;
        };
        own = 8;
        ProcessCpu cpu = new ProcessCpu(List.of(OwnCpuTest::broken, () -> unknown, () -> breaks, () -> () -> 42));
        assertThat(cpu.getAsLong()).isEqualTo(8);
        own = 9;
        assertThat(cpu.getAsLong()).as("it breaks later").isEqualTo(42);
        assertThat(new ProcessCpu(List.of(OwnCpuTest::broken)).getAsLong()).isEqualTo(-1);

        ProcessCpu hiccup = new ProcessCpu(List.of(() -> breaks));
        assertThat(hiccup.getAsLong()).isEqualTo(-1);
        own = 10;
        assertThat(hiccup.getAsLong()).as("it works again").isEqualTo(10);
    }

    /** As the JDK's bean is in some containers: JDK-8287073. */
    private static LongSupplier broken() {
        throw new ExceptionInInitializerError("CgroupInfo.getMountPoint() of null");
    }

    @Test
    void bothWaysReadThisJvm() {
        for (var opener : ProcessCpu.openers()) {
            Await.until("CPU time", () -> opener.get().getAsLong() > 0);
        }
    }

    @Test
    void aProcessThatHasUsedNoCpuYetHasUsedNone() {
        assertThat(new ProcessCpu(List.of(() -> () -> 0)).getAsLong()).isZero();
        assertThat(ProcessCpu.percent(0, 50, 100)).isEqualTo(50);
        assertThat(ProcessCpu.percent(7, 7, 100)).isZero();
    }

    @Test
    void cpuTimeThatIsUnknownOrFallsHasNoPercentage() {
        assertThat(ProcessCpu.percent(-1, 50, 100)).isNaN();
        assertThat(ProcessCpu.percent(51, 50, 100)).isNaN();
        assertThat(ProcessCpu.percent(0, 50, 0)).isNaN();
    }
}
