package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.Observation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a line a step to a file, as JSON Lines or as CSV: what the gate saw, what it did, and why.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
 *         .listener(Journal.jsonLines(Path.of("logs/gate.jsonl")))
 *         .build();
 * }</pre>
 *
 * <p>For one gate, with which it is closed. Lines are written by a daemon thread of its own, each as soon as it can be:
 * the gate never waits for a disk. A file that is there already is continued.
 *
 * <p>A disk at fault (full, a folder that vanished, a file that may not be written) is said once in the log, with the
 * number of steps lost when it works again; folders are made anew. It has no effect on the gate.
 *
 * <p>CPU is in percent of the scope; {@code elapsed} is in seconds since the gate was built, {@code boundBy...} in
 * seconds since the last step, by its monotonic clock; {@code time} is the wall clock's, for the eye. A value that is
 * unknown is {@code null}, or empty in CSV. Fields may be added at the end.
 *
 * <p>Thread-safe.
 */
public final class Journal implements GateListener, AutoCloseable {

    private static final long MAX_BYTES = 64L << 20;
    private static final int OLDER_FILES = 3;

    /** Steps that wait for a disk that hangs: five hours' at the default period. */
    private static final int MOST_WAITING = 10_000;

    private static final long CLOSE_WITHIN_SECONDS = 5;

    private final JournalFormat format;
    private final JournalFile file;
    private final BlockingQueue<Entry> entries = new ArrayBlockingQueue<>(MOST_WAITING);

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private @Nullable Thread writer; // started by the first step
    private boolean closed;

    // The writer's alone.
    private boolean failing;
    private long lost;

    /** A step and when it was made; neither for the end of all. */
    private record Entry(@Nullable Instant time, @Nullable Observation step) {}

    private Journal(JournalFormat format, Path file, long maxBytes, int olderFiles) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes must be at least 1, was " + maxBytes);
        }
        if (olderFiles < 0) {
            throw new IllegalArgumentException("olderFiles must not be negative, was " + olderFiles);
        }
        this.format = format;
        this.file = new JournalFile(file, format.header().getBytes(StandardCharsets.UTF_8), maxBytes, olderFiles);
    }

    /**
     * Returns a journal of JSON objects, one a line, of up to 64 MB and three older files.
     *
     * @param file where to; its folders are made
     * @return a new journal, for one gate; the file is opened at the first step
     */
    public static Journal jsonLines(Path file) {
        return jsonLines(file, MAX_BYTES, OLDER_FILES);
    }

    /**
     * Returns a journal of JSON objects, one a line.
     *
     * @param file where to; its folders are made
     * @param maxBytes size at which the file is renamed, to {@code gate.1.jsonl} for {@code gate.jsonl}, and begun anew
     * @param olderFiles how many of these to keep, the newest of which has number 1
     * @return a new journal, for one gate; the file is opened at the first step
     * @throws IllegalArgumentException if {@code maxBytes} is below 1, or {@code olderFiles} negative
     */
    public static Journal jsonLines(Path file, long maxBytes, int olderFiles) {
        return new Journal(JournalFormat.JSON_LINES, file, maxBytes, olderFiles);
    }

    /**
     * Returns a journal of comma-separated values, whose first line names them, of up to 64 MB and three older files.
     *
     * @param file where to; its folders are made
     * @return a new journal, for one gate; the file is opened at the first step
     */
    public static Journal csv(Path file) {
        return csv(file, MAX_BYTES, OLDER_FILES);
    }

    /**
     * Returns a journal of comma-separated values, whose first line names them.
     *
     * @param file where to; its folders are made
     * @param maxBytes size at which the file is renamed, to {@code gate.1.csv} for {@code gate.csv}, and begun anew
     * @param olderFiles how many of these to keep, the newest of which has number 1
     * @return a new journal, for one gate; the file is opened at the first step
     * @throws IllegalArgumentException if {@code maxBytes} is below 1, or {@code olderFiles} negative
     */
    public static Journal csv(Path file, long maxBytes, int olderFiles) {
        return new Journal(JournalFormat.CSV, file, maxBytes, olderFiles);
    }

    /** Hands the step to the writer. Does not block; if the disk has hung for ten thousand steps, drops it. */
    @Override
    public void onStep(Observation step) {
        Entry entry = new Entry(Instant.now(), step);
        lock.lock();
        try {
            if (closed) {
                return;
            }
            if (writer == null) {
                writer = startWriter();
            }
            var unused = entries.offer(entry);
        } finally {
            lock.unlock();
        }
    }

    private Thread startWriter() {
        Thread made = new Thread(null, this::write, "cpugate-journal", 0, false);
        made.setContextClassLoader(Journal.class.getClassLoader());
        made.setDaemon(true);
        made.start();
        return made;
    }

    /** Closes the journal: see {@link #close()}. */
    @Override
    public void onClose() {
        close();
    }

    /**
     * Writes what is left, and closes the file. Waits for that, 5 s at most. A step that comes later is not written.
     * May be called again; the gate does it when it is closed.
     */
    @Override
    public void close() {
        Thread ending;
        lock.lock();
        try {
            ending = writer;
            if (!closed) {
                closed = true;
                if (ending != null && !entries.offer(new Entry(null, null))) {
                    entries.clear(); // the disk hangs
                    entries.add(new Entry(null, null));
                }
            }
        } finally {
            lock.unlock();
        }
        if (ending != null && ending != Thread.currentThread()) {
            try {
                ending.join(TimeUnit.SECONDS.toMillis(CLOSE_WITHIN_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The writer. Nothing but the end entry ends it. */
    private void write() {
        List<Entry> batch = new ArrayList<>();
        boolean end = false;
        while (!end) {
            try {
                batch.clear();
                batch.add(entries.take());
                entries.drainTo(batch);
                end = batch.get(batch.size() - 1).step == null;
                append(batch);
            } catch (Throwable t) {
                // A stranger's interrupt, or a lack of memory: what was taken is lost with it.
            }
        }
        file.close();
    }

    private void append(List<Entry> batch) {
        int steps = 0;
        StringBuilder lines = new StringBuilder();
        for (Entry entry : batch) {
            if (entry.time != null && entry.step != null) {
                lines.append(format.line(entry.time, entry.step));
                steps++;
            }
        }
        if (steps == 0) {
            return;
        }
        try {
            file.append(lines.toString().getBytes(StandardCharsets.UTF_8));
            if (failing) {
                failing = false;
                logger().info("journal {} is written again; steps lost: {}", file, lost);
                lost = 0;
            }
        } catch (IOException | RuntimeException e) {
            lost += steps;
            if (!failing) {
                failing = true;
                logger().warn("journal {} cannot be written, steps are lost until it can: {} (said once)", file, e, e);
            }
        }
    }

    private static Logger logger() {
        return LoggerFactory.getLogger(Journal.class);
    }

    @Override
    public String toString() {
        return "journal " + file;
    }
}
