package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.StepReport;
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
 * Writes one line per step to a file, as JSON Lines or as CSV: what the step saw, what it did, and why.
 *
 * <pre>{@code
 * AdaptiveCpuGate gate = AdaptiveCpuGate.builder()
 *         .listener(Journal.jsonLines(Path.of("logs/gate.jsonl")))
 *         .build();
 * }</pre>
 *
 * <p>A journal serves one gate and is closed with it. A daemon thread of its own writes each line as soon as possible,
 * so the gate never waits for a disk. An existing file is continued.
 *
 * <p>A fault of the disk (it is full, a folder has vanished, the file is not writable) is logged once; when it is over,
 * the number of steps whose write failed is logged. Steps that are dropped because the disk hangs are not counted.
 * Folders are created again. A fault does not affect the gate.
 *
 * <p>CPU is in percent of the scope. {@code elapsed} is the time since the gate was built, and {@code heldBackBy...} a
 * part of the time since the last step, both in seconds of the gate's monotonic clock; {@code time} is wall-clock time,
 * for human readers. An unknown value is {@code null}, or empty in CSV. Fields may be added at the end.
 *
 * <p>Thread-safe.
 */
public final class Journal implements GateListener, AutoCloseable {

    private static final long MAX_BYTES = 64L << 20;
    private static final int OLDER_FILES = 3;

    /** Beyond this, steps are dropped; the disk has then hung for over five hours at the default period. */
    private static final int MAX_PENDING = 10_000;

    private static final long CLOSE_WAIT_SECONDS = 5;
    private static final Entry END = new Entry(null, null); // the last entry, which ends the writer

    private final JournalFormat format;
    private final JournalFile file;
    private final BlockingQueue<Entry> entries = new ArrayBlockingQueue<>(MAX_PENDING);

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private @Nullable Thread writer; // started by the first step
    private boolean closed;

    // Used by the writer only.
    private boolean failing;
    private long lost;

    /** A step and the time of its report; neither in {@link #END}. */
    private record Entry(@Nullable Instant time, @Nullable StepReport step) {}

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
     * Returns a journal of JSON objects, one per line. A file has up to 64 MB, and three older files are kept.
     *
     * @param file where to write; missing folders are created
     * @return a new journal, for one gate; the file is opened at the first step
     */
    public static Journal jsonLines(Path file) {
        return jsonLines(file, MAX_BYTES, OLDER_FILES);
    }

    /**
     * Returns a journal of JSON objects, one per line.
     *
     * @param file where to write; missing folders are created
     * @param maxBytes size in bytes at which {@code gate.jsonl} is renamed to {@code gate.1.jsonl} and begun anew
     * @param olderFiles number of renamed files to keep; the newest has number 1
     * @return a new journal, for one gate; the file is opened at the first step
     * @throws IllegalArgumentException if {@code maxBytes} is below 1, or {@code olderFiles} is negative
     */
    public static Journal jsonLines(Path file, long maxBytes, int olderFiles) {
        return new Journal(JournalFormat.JSON_LINES, file, maxBytes, olderFiles);
    }

    /**
     * Returns a journal of comma-separated values, whose first line names them. A file has up to 64 MB, and three older
     * files are kept.
     *
     * @param file where to write; missing folders are created
     * @return a new journal, for one gate; the file is opened at the first step
     */
    public static Journal csv(Path file) {
        return csv(file, MAX_BYTES, OLDER_FILES);
    }

    /**
     * Returns a journal of comma-separated values, whose first line names them.
     *
     * @param file where to write; missing folders are created
     * @param maxBytes size in bytes at which {@code gate.csv} is renamed to {@code gate.1.csv} and begun anew
     * @param olderFiles number of renamed files to keep; the newest has number 1
     * @return a new journal, for one gate; the file is opened at the first step
     * @throws IllegalArgumentException if {@code maxBytes} is below 1, or {@code olderFiles} is negative
     */
    public static Journal csv(Path file, long maxBytes, int olderFiles) {
        return new Journal(JournalFormat.CSV, file, maxBytes, olderFiles);
    }

    /** Hands the step to the writer. Does not block; drops the step if the disk has hung for ten thousand steps. */
    @Override
    public void onStep(StepReport step) {
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

    @Override
    public void onClose() {
        close();
    }

    /**
     * Writes the remaining lines and closes the file. Waits for that for up to 5 s. Later steps are not written. May be
     * called again; the gate calls it when it is closed itself.
     */
    @Override
    public void close() {
        Thread running;
        lock.lock();
        try {
            running = writer;
            if (!closed) {
                closed = true;
                if (running != null && !entries.offer(END)) {
                    entries.clear(); // the disk hangs
                    entries.add(END);
                }
            }
        } finally {
            lock.unlock();
        }
        if (running != null && running != Thread.currentThread()) {
            try {
                running.join(TimeUnit.SECONDS.toMillis(CLOSE_WAIT_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Runs the writer. Only {@link #END} ends it. */
    private void write() {
        boolean end = false;
        while (!end) {
            try {
                List<Entry> batch = new ArrayList<>();
                batch.add(entries.take());
                entries.drainTo(batch);
                end = batch.get(batch.size() - 1).equals(END);
                append(batch);
            } catch (Throwable t) {
                // An interrupt by foreign code, or out of memory: the entries taken are lost.
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
                logger().warn("journal {} cannot be written; steps are lost meanwhile: {} (logged once)", file, e, e);
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
