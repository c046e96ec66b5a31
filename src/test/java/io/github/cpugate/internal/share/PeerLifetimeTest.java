package io.github.cpugate.internal.share;

import static io.github.cpugate.internal.share.TestPeer.gateFiles;
import static io.github.cpugate.internal.share.TestPeer.meet;
import static io.github.cpugate.internal.share.TestPeer.onlyFile;
import static io.github.cpugate.internal.share.TestPeer.pass;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.cpugate.internal.share.Peers.Peer;
import io.github.cpugate.testing.Await;
import io.github.cpugate.testing.Processes;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests when a gate stops to be a peer, and that it leaves no file. */
class PeerLifetimeTest {

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L); // it overflows
    private Path directory;

    @BeforeEach
    void nameTheDirectory() {
        directory = folder.resolve("run/cpugate");
    }

    private TestPeer gate() {
        return new TestPeer(directory, clock);
    }

    private static <T> FutureTask<T> start(FutureTask<T> task) {
        Thread thread = new Thread(task, "publisher");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static void assertIsAPeerUntil(double lastSecond, double period, Path directory, AtomicLong clock) {
        TestPeer a = new TestPeer(directory, clock);
        TestPeer b = new TestPeer(directory, new AtomicLong(), period);
        meet(a, b);
        a.step();
        double steps = Math.floor(2 * lastSecond) / 2;
        for (double second = 0.5; second <= steps; second += 0.5) {
            pass(clock, 0.5);
            assertThat(a.step()).as("after %.1f s", second).hasSize(1);
        }
        pass(clock, lastSecond - steps + 0.001);
        assertThat(a.step()).isEmpty();
        meet(a, b);
        assertThat(a.step()).as("it has only been slow").hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 1, 5, 15})
    void aPeerThatStopsDisappearsAfterSomeOfItsPeriods(double period) {
        assertIsAPeerUntil(3.5 * period, period, directory, clock);
    }

    @ParameterizedTest
    @ValueSource(doubles = {20, 30, 60})
    void aPeerWithALongPeriodIsAPeerForAsManyPeriods(double period) {
        assertIsAPeerUntil(3.5 * period, period, directory, clock);
    }

    @ParameterizedTest
    @ValueSource(doubles = {61, 3600, 999_999})
    void aLongerPeriodThanAMinuteIsNotBelieved(double period) {
        TestPeer a = gate();
        TestPeer b = new TestPeer(directory, clock, period);
        meet(a, b);
        a.step();
        pass(clock, 3.5 * 60);
        assertThat(a.step()).hasSize(1);
        pass(clock, 0.001);
        assertThat(a.step()).isEmpty();
    }

    @Test
    void gatesWithAPeriodAboveAMinuteSeeEachOther() {
        TestPeer a = gate();
        TestPeer b = new TestPeer(directory, clock, 90);
        int peers = 0; // of seconds
        for (int second = 0; second < 600; second++) {
            if (second % 90 == 0) {
                b.step();
            }
            peers += a.step().size();
            pass(clock, 1);
        }
        assertThat(peers)
                .as("seconds in which b was seen, from its second step on")
                .isEqualTo(600 - 90);
    }

    @Test
    void theFilesOfGatesThatEndedWithoutCloseAreDeletedAfterAMinute() throws IOException {
        TestPeer a = gate();
        a.step();
        Path own = onlyFile(directory);
        meet(gate(), gate());
        a.step();
        pass(clock, 60);
        a.step();
        assertThat(gateFiles(directory)).hasSize(3);
        pass(clock, 1);
        a.step();
        assertThat(gateFiles(directory)).containsExactly(own);
        assertThat(a.problem()).isEmpty();
    }

    @Test
    void closeDeletesTheOwnFileAlone() throws IOException {
        TestPeer a = gate();
        TestPeer b = gate();
        meet(a, b);
        b.peers.close();
        assertThat(gateFiles(directory)).hasSize(1);
        assertThat(a.step()).isEmpty();
        b.step();
        b.peers.close();
        assertThat(gateFiles(directory)).hasSize(1);
        assertThat(a.problem() + b.problem()).isEmpty();
    }

    @Test
    void closeBeforeTheFirstStepMakesNothing() {
        TestPeer a = gate();
        a.peers.close();
        a.step();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aGateThatIsClosedWithinItsStepLeavesNoFile() {
        TestPeer a = gate();
        a.step();
        a.onFaults(a.peers::close);
        a.step();
        assertThat(directory).isEmptyDirectory();
        a.step();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aGateThatIsClosedWhileItPublishesLeavesNoFile() throws Exception {
        for (int round = 0; round < 300; round++) {
            TestPeer a = gate();
            CyclicBarrier both = new CyclicBarrier(2);
            FutureTask<Void> steps = start(new FutureTask<>(() -> {
                both.await();
                for (int i = 0; i < 3; i++) {
                    a.step();
                }
                return null;
            }));
            both.await();
            a.peers.close();
            steps.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            if (Files.exists(directory)) {
                assertThat(gateFiles(directory)).as("round %d", round).isEmpty();
            }
        }
    }

    /** A pipe instead of the file holds the write up, if anything does. */
    @Test
    void closeDoesNotWaitForAWriteThatHangs() throws Exception {
        TestPeer a = gate();
        a.step();
        Path own = onlyFile(directory);
        Files.delete(own);
        Process mkfifo = Processes.start(new ProcessBuilder("mkfifo", own.toString()));
        assumeTrue(mkfifo.waitFor() == 0, "no named pipe can be made here");
        FutureTask<List<Peer>> step = new FutureTask<>(a::step);
        Thread publisher = new Thread(step, "publisher");
        publisher.start();
        Await.until("the write hangs or has ended", () -> step.isDone() || isOpening(publisher));
        a.peers.close();
        if (Files.exists(own, LinkOption.NOFOLLOW_LINKS)) {
            letGo(own);
        }
        step.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
        assertThat(directory).isEmptyDirectory();
    }

    private static boolean isOpening(Thread thread) {
        StackTraceElement[] stack = thread.getStackTrace();
        return stack.length > 0 && stack[0].getMethodName().startsWith("open");
    }

    /** Opens a pipe at both ends, which ends the wait of whoever opens one of them. */
    private static void letGo(Path pipe) throws IOException {
        FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE)
                .close();
    }
}
