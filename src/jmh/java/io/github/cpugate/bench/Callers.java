package io.github.cpugate.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads of one line, and how often they were woken.
 *
 * <p>Linux counts for each thread how often it gave up its processor to wait ({@code voluntary_ctxt_switches}). The
 * readings are taken while every caller is asleep: before, in line; after, behind a latch, still alive. Whoever is
 * asleep at both has gone to sleep as often in between as it was woken, so the difference is the number of wake-ups,
 * exactly, with nothing to subtract. Threads that are no callers (compiler, collector, the one that measures) are left
 * out by name. Locks that a caller blocks on count too: they are wake-ups as much.
 */
final class Callers {

    private static final Path TASKS = Path.of("/proc/self/task");

    private final String name;
    private final List<Thread> threads = new ArrayList<>();
    private final boolean countsWakeUps;

    private record Reading(int asleep, long switches) {}

    /** The name is at most 15 characters, as Linux keeps it, and no other thread's, not even of one that ends. */
    Callers(String name, boolean platform) {
        this.name = name;
        this.countsWakeUps = platform && Files.isDirectory(TASKS);
    }

    void add(Thread thread) {
        threads.add(thread);
        thread.start();
    }

    /** Waits until all are asleep, and stay so; returns how often they have gone to sleep, or 0 if that is unknown. */
    long awaitAsleep(long deadline) throws IOException, TimeoutException {
        Reading last = new Reading(0, 0);
        while (true) {
            boolean asleep = threads.stream().allMatch(Callers::isParked);
            if (asleep && !countsWakeUps) {
                return 0;
            }
            if (asleep) {
                Reading now = read();
                if (now.asleep == threads.size() && now.equals(last)) {
                    return now.switches;
                }
                last = now;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new TimeoutException("the callers do not come to rest");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** As {@link #awaitAsleep}, but quickly, as the JVM tells it: seen twice, since who is woken wakes others. */
    void settle(long deadline) throws TimeoutException {
        int seen = 0;
        while (seen < 2) {
            LockSupport.parkNanos(100_000);
            seen = threads.stream().allMatch(Callers::isParked) ? seen + 1 : 0;
            if (System.nanoTime() - deadline > 0) {
                throw new TimeoutException("the callers do not come to rest");
            }
        }
    }

    boolean countsWakeUps() {
        return countsWakeUps;
    }

    private static boolean isParked(Thread thread) {
        Thread.State state = thread.getState();
        return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
    }

    private Reading read() throws IOException {
        int asleep = 0;
        long switches = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                try {
                    String status = Files.readString(task.resolve("status"));
                    if (value(status, "Name:").equals(name)) {
                        asleep += value(status, "\nState:").startsWith("S") ? 1 : 0;
                        switches += Long.parseLong(value(status, "\nvoluntary_ctxt_switches:"));
                    }
                } catch (NoSuchFileException e) {
                    // a thread that has ended: no caller, those are alive
                } catch (IOException e) {
                    if (!"No such process".equals(e.getMessage())) { // it ended between opening and reading
                        throw e;
                    }
                }
            }
        }
        return new Reading(asleep, switches);
    }

    private static String value(String status, String key) {
        int begin = status.indexOf(key) + key.length();
        return status.substring(begin, status.indexOf('\n', begin)).trim();
    }

    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** Gives up on them: those that cannot be interrupted either are left behind. */
    void abandon() throws InterruptedException {
        threads.forEach(Thread::interrupt);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        }
    }
}
