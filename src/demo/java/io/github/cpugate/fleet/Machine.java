package io.github.cpugate.fleet;

import io.github.cpugate.demo.JavaCommand;
import io.github.cpugate.demo.QuotaGroup;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A worker's JVM, in a control group with a CPU quota if that can be had. */
final class Machine implements AutoCloseable {

    private static final int START_SECONDS = 120;

    private final double cores;
    private final @Nullable QuotaGroup group;
    private final Process jvm;
    private final CountDownLatch ready = new CountDownLatch(1);
    private final Queue<WorkerMain.Ended> ended = new ConcurrentLinkedQueue<>();

    /** What a machine has used up to now. */
    record Use(long nanos, double cpuSeconds, long periods, long throttledPeriods) {

        /** CPU in cores from an earlier use to this one. */
        double coresSince(Use before) {
            return (cpuSeconds - before.cpuSeconds) / ((nanos - before.nanos) / 1e9);
        }

        /** The part of the quota's periods that were throttled, percent. */
        double throttledSince(Use before) {
            return 100.0 * (throttledPeriods - before.throttledPeriods) / Math.max(1, periods - before.periods);
        }
    }

    /** @param group its control group, or null */
    Machine(double cores, @Nullable QuotaGroup group, WorkerMain.Options options) throws IOException {
        this.cores = cores;
        this.group = group;
        // Small and quick to start, in a fraction of a core: the compiler of last resort would use all of it.
        List<String> command = new ArrayList<>(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.add(WorkerMain.class.getName());
        command.addAll(options.toArguments());
        List<String> java = JavaCommand.of(command);
        jvm = group != null
                ? group.start(java)
                : new ProcessBuilder(java).redirectError(Redirect.INHERIT).start();
        Thread reader = new Thread(this::read, "output of " + jvm.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(jvm.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals(WorkerMain.READY)) {
                    ready.countDown();
                } else {
                    ended.add(WorkerMain.Ended.of(line));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void awaitReady() throws InterruptedException {
        if (!ready.await(START_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("a worker did not start in " + START_SECONDS + " seconds");
        }
    }

    double cores() {
        return cores;
    }

    /** The sessions that have ended here, from that number on. */
    List<WorkerMain.Ended> ended(int first) {
        return ended.stream().filter(each -> each.number() >= first).toList();
    }

    Use use() throws IOException {
        if (group == null) {
            Duration cpu = jvm.info().totalCpuDuration().orElse(Duration.ZERO);
            return new Use(System.nanoTime(), cpu.toNanos() / 1e9, 0, 0);
        }
        double cpuSeconds = group.usedPercentSeconds() * cores / 100;
        QuotaGroup.Periods periods = group.periods();
        return new Use(System.nanoTime(), cpuSeconds, periods.all(), periods.throttled());
    }

    boolean isRunning() {
        return jvm.isAlive();
    }

    /** Ends the JVM at once, as {@code kill -9} does. */
    void kill() throws InterruptedException {
        jvm.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        kill();
        if (group != null) {
            group.close();
        }
    }
}
