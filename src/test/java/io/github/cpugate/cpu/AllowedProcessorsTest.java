package io.github.cpugate.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import io.github.cpugate.testing.LogCapture;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AllowedProcessorsTest {

    private static final long SECOND = 1_000_000_000L;

    @TempDir
    Path root;

    @RegisterExtension
    final LogCapture log = new LogCapture();

    private ProcFiles files;
    private AllowedProcessors source;
    private long own;
    private long now = Long.MAX_VALUE - SECOND;

    @BeforeEach
    void startOnFourProcessors() {
        files = new ProcFiles(root, 4);
        source = source(() -> new LinuxProcessors(root));
    }

    private AllowedProcessors source(Supplier<Processors> opener) {
        return new AllowedProcessors(opener, () -> own, () -> now);
    }

    /** Lets each processor be busy for that share of a second, and reads. */
    private CpuReading readAfterOneSecond(int... busy) {
        now += SECOND;
        for (int i = 0; i < busy.length; i++) {
            files.run(i, busy[i], 100 - busy[i]);
        }
        return source.reading();
    }

    @Test
    void aProcessThatMayUseAllProcessorsHasNoReadingOfItsOwn() {
        assertThat(source.reading()).isNull();
        assertThat(readAfterOneSecond(100, 0, 0, 0)).isNull();
        assertThat(log.messagesAt(Level.INFO)).isEmpty();
    }

    @Test
    void onlyTheAllowedProcessorsAreRead() {
        files.allow("0,2-3");
        assertThat(source.reading().percent()).as("the first read primes").isNaN();
        own += SECOND / 3;

        CpuReading reading = readAfterOneSecond(80, 100, 10, 0);
        assertThat(reading.percent()).isEqualTo(30, within(1e-9));
        assertThat(reading.own()).as("of three processors").isEqualTo(100.0 / 9, within(1e-6));
        assertThat(reading.scope()).isEqualTo("processors 0,2-3 of 4");
        assertThat(reading.cores()).isEqualTo(3);
        assertThat(reading.spanNanos()).isEqualTo(SECOND);
        assertThat(log.messagesAt(Level.INFO)).containsExactly("processors that this process may use: 0,2-3 of 4");
    }

    @Test
    void stealIsBusyAndWaitingForTheDiskIsIdle() {
        files.allow("1");
        source.reading();
        files.remove(1);
        files.add(1, new long[] {1010, 10, 10, 9020, 20, 10, 10, 10, 99, 99});
        now += SECOND;

        assertThat(source.reading().percent())
                .as("a guest's time is in user's already")
                .isEqualTo(60);
    }

    @Test
    void aCounterThatRunsBackwardsCountsAsUnchanged() {
        files.allow("1");
        long[] counters = files.remove(1);
        counters[7] = 100_000_000;
        files.add(1, counters);
        source.reading();
        for (int i = 0; i < 10; i++) {
            counters[7] -= 70;
            assertThat(readAfterOneSecond(0, 60).percent()).isEqualTo(60);
        }
    }

    @Test
    void anotherSetTakesEffectAtTheNextRead() {
        files.allow("0-1");
        source.reading();
        readAfterOneSecond(50, 50, 0, 0);

        files.allow("2-3");
        assertThat(readAfterOneSecond(50, 50, 20, 40))
                .as("the counters of all processors are kept")
                .returns(30.0, CpuReading::percent)
                .returns("processors 2-3 of 4", CpuReading::scope);
    }

    @Test
    void aRestrictionThatBeginsAndEndsLeavesNoStepWithoutAReading() {
        source.reading();
        files.allow("2");
        assertThat(readAfterOneSecond(0, 0, 90, 0))
                .as("host CPU is the reading while this one primes")
                .isNull();
        assertThat(source.isRestricted()).isTrue();
        assertThat(readAfterOneSecond(0, 0, 90, 0).percent()).isEqualTo(90);

        files.allow("0-3");
        assertThat(readAfterOneSecond(0, 0, 80, 0))
                .as("of all processors, while host CPU primes")
                .isEqualTo(new CpuReading(20, 0, SECOND, "host", 4));
        assertThat(source.isRestricted()).isFalse();
        assertThat(readAfterOneSecond(0, 0, 80, 0)).isNull();
        assertThat(log.messagesAt(Level.INFO))
                .containsExactly(
                        "processors that this process may use: 2 of 4", "processors that this process may use: all");
    }

    @ParameterizedTest(name = "first thread {0}, reading thread {1}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "0-127 | 0-127 | all", // more could be added than are online
                "0     | 0-3   | all", // taskset -p moves the first thread only
                "0-3   | 1     | all", // the thread that builds the gate was moved alone
                "0     | 1     | processors 0-1 of 4",
                "1-2,9 | 1-2,9 | processors 1-2 of 4",
            })
    void theProcessMayUseWhatItsThreadsMayUse(String first, String reading, String scope) {
        files.allow(first, reading);
        CpuReading result = source.reading();

        assertThat(result == null ? "all" : result.scope()).isEqualTo(scope);
    }

    @Test
    void aThreadThatEndsMeanwhileIsLeftOut() {
        files.allow("0", "1");
        files.delete("proc/self/task/1/status");

        assertThat(source.reading().scope()).isEqualTo("processors 0-1 of 4");
    }

    @Test
    void processorsThatGoOnlineMakeARestrictionAfterAWhile() {
        source.reading();
        files.add(4, new long[8]);
        for (int i = 0; i < 301 && !source.isRestricted(); i++) {
            source.reading();
        }

        assertThat(source.isRestricted()).as("the fifth is not in the list").isTrue();
    }

    @Test
    void aProcessorThatGoesOnlineCountsFromItsSecondReading() {
        files.allow("0-1");
        long[] offline = files.remove(1);
        source.reading();
        assertThat(readAfterOneSecond(40)).returns(40.0, CpuReading::percent).returns(1.0, CpuReading::cores);

        offline[0] += 100_000; // counters of days, in one second
        files.add(1, offline);
        assertThat(readAfterOneSecond(40, 0)).returns(40.0, CpuReading::percent).returns(2.0, CpuReading::cores);
        assertThat(readAfterOneSecond(40, 0)).returns(20.0, CpuReading::percent);
        offline[3] += 40_000_000; // it was offline within the second
        assertThat(readAfterOneSecond(40, 0)).returns(40.0, CpuReading::percent);
    }

    @Test
    void lxcfsNumbersProcessorsAnewSoItsCountersAreUsedWhole() {
        files.allow("6-9");
        files.write("proc/self/mountinfo", "30 22 0:40 /proc/stat /proc/stat rw shared:9 - fuse.lxcfs lxcfs rw\n");

        assertThat(source.reading()).isNull();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void anOldKernelHasNoFileOfTheReadingThread() {
        files.allow("3");
        files.delete("proc/thread-self/status");

        assertThat(source.reading().scope()).isEqualTo("processors 3 of 4");
    }

    @Test
    void aNameThatIsNotTextDoesNotHideTheList() {
        files.write("proc/thread-self/status", "Name:\t\u00ff\u00fe\n" + ProcFiles.status("0-3"));

        assertThat(source.reading()).isNull();
        assertThat(log.messagesAt(Level.WARN)).isEmpty();
    }

    @Test
    void aLongListIsShortenedToTheNumberOfProcessors() {
        files = new ProcFiles(root, 64);
        files.allow("0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30");

        assertThat(source.reading().scope()).isEqualTo("processors (16) of 64");
    }

    @ParameterizedTest
    @ValueSource(strings = {"proc/stat", "proc/self/status", "proc/self/mountinfo", "proc/thread-self/status"})
    void aFileThatCannotBeReadFromTheBeginningMeansHostCpuAndIsLoggedOnce(String file) {
        files.allow("0", "1");
        files.write(file, "cpu0 nonsense");
        if (file.endsWith("mountinfo")) {
            files.delete(file);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(source.reading()).isNull();
        }
        assertThat(log.messagesAt(Level.WARN))
                .singleElement()
                .asString()
                .contains("which processors this process may use", "(logged once)");
    }

    @Test
    void countersThatAreAllZeroMeanHostCpu() { // as in gVisor
        for (int i = 0; i < 4; i++) {
            files.add(i, new long[10]);
        }
        files.allow("0");
        assertThat(source.reading()).isNull();
        assertThat(log.messagesAt(Level.WARN)).singleElement().asString().contains("all processors are zero");
    }

    @Test
    void aSingleFaultExtendsTheNextReadingAndManyMeanHostCpu() {
        files.allow("0");
        source.reading();
        assertThat(readAfterOneSecond(70)).returns(70.0, CpuReading::percent);
        files.delete("proc/stat");
        now += SECOND;
        assertThat(source.reading().percent())
                .as("the host says nothing of processor 0")
                .isNaN();
        files.writeStat();
        assertThat(readAfterOneSecond(70)).returns(2 * SECOND, CpuReading::spanNanos);

        files.delete("proc/stat");
        now += SECOND;
        assertThat(source.reading().percent()).isNaN();
        for (int i = 0; i < 5; i++) {
            now += SECOND;
            assertThat(source.reading()).as("three faults of the last eight").isNull();
        }
        files.writeStat();
        for (int i = 0; i < 8; i++) {
            readAfterOneSecond(70);
        }
        assertThat(readAfterOneSecond(70)).returns(70.0, CpuReading::percent);
    }

    @Test
    void countersThatDoNotMoveWhileThisJvmUsesCpuMeanHostCpu() {
        files.allow("0");
        int steps = 0;
        CpuReading reading = CpuReading.of(Double.NaN);
        while (reading != null) {
            now += SECOND;
            own += SECOND;
            reading = source.reading();
            steps++;
        }
        assertThat(steps).isLessThan(5);
    }

    @Test
    void aUserInManyGroupsDoesNotHideTheList() {
        String groups = "Groups:\t" + "1000000 ".repeat(3000) + "\n";
        files.allow("2");
        files.write("proc/thread-self/status", groups + ProcFiles.status("2"));
        files.write("proc/self/status", groups + ProcFiles.status("2"));

        assertThat(source.reading().scope()).isEqualTo("processors 2 of 4");
    }

    @Test
    void readsInQuickSuccessionExtendTheNextReading() {
        files.allow("0");
        source.reading();
        for (int i = 0; i < 9; i++) {
            now += SECOND / 100;
            own += SECOND / 200;
            files.run(0, i % 2, (i + 1) % 2);
            assertThat(source.reading().percent()).isNaN();
        }
        now += SECOND / 100;
        own += SECOND / 200;
        files.run(0, 1, 0);
        assertThat(source.reading())
                .returns(50.0, CpuReading::percent)
                .returns(50.0, CpuReading::own)
                .returns(SECOND / 10, CpuReading::spanNanos);
    }

    @Test
    void aFaultyOpenerAndAFailingLogDoNotReachTheStep() {
        log.breakFor(Level.WARN);
        source = source(() -> {
            throw new NoClassDefFoundError("oshi/SystemInfo");
        });
        assertThat(source.reading()).isNull();
        assertThat(source.reading()).isNull();
    }

    @Test
    void aWindowsMaskIsRead() {
        long[][] rows = {{0, 0, 9, 0, 0, 0, 0, 0}, {0, 0, 9, 0, 0, 0, 0, 0}, {0, 0, 9, 0, 0, 0, 0, 0}};
        long[] mask = {0b101};
        source = source(() -> new WindowsProcessors(3, () -> mask[0], () -> rows));
        source.reading();
        rows[0][0] = 300;
        rows[0][3] = 700;
        rows[1][0] = 1000;
        rows[2][3] = 1000;
        now += SECOND;
        assertThat(source.reading()).isEqualTo(new CpuReading(15, 0, SECOND, "processors 0,2 of 3", 2));

        for (long all : new long[] {0, 0b111, -1}) { // unknown, or all
            mask[0] = all;
            source.reading();
            assertThat(source.isRestricted()).isFalse();
        }
    }

    @Test
    void aWindowsHostOfMoreProcessorsThanAMaskHoldsIsNotRestricted() {
        assertThat(new WindowsProcessors(65, () -> 1, () -> new long[65][8])
                        .allowed()
                        .isEmpty())
                .isTrue();
        assertThat(new WindowsProcessors(64, () -> -1, () -> new long[64][8])
                        .allowed()
                        .isEmpty())
                .isTrue();
        assertThat(new WindowsProcessors(64, () -> 1L << 63, () -> new long[64][8]).allowed().stream())
                .containsExactly(63);
    }

    @Test
    void systemsWithoutAffinityAreNotRestricted() {
        source = source(() -> Processors.UNRESTRICTED);

        assertThat(source.reading()).isNull();
        assertThat(Processors.UNRESTRICTED.toString()).isNotNull();
    }

    /** Reads this host, whose processors this JVM may all use or not. */
    @Test
    void theProcessorsOfThisHostAreRead() throws Exception {
        LinuxProcessors here = new LinuxProcessors(Path.of("/"));
        Map<Integer, long[]> ticks = here.ticks();

        assertThat(ticks)
                .isNotEmpty()
                .allSatisfy((number, counters) -> assertThat(counters[3]).isPositive());
        assertThat(here.allowed().length())
                .isLessThanOrEqualTo(1
                        + ticks.keySet().stream()
                                .mapToInt(Integer::intValue)
                                .max()
                                .orElseThrow());
    }
}
