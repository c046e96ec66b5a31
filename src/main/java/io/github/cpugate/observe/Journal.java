package io.github.cpugate.observe;

import io.github.cpugate.GateListener;
import io.github.cpugate.StepReport;
import io.github.cpugate.internal.DaemonThreads;
import io.github.cpugate.internal.log.Log;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

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
 * so the gate never waits for a disk. An existing file is continued. If another program renames, deletes or empties the
 * file, as logrotate does, the journal goes on in a new file of that name; the lines of one write may still get into
 * the renamed one. A file that the journal creates can be read and written by its owner only, on systems that have such
 * permissions; if it replaces one that was renamed for its size, it has the permissions of the renamed one. A symbolic
 * link in place of the file is not followed: that is a fault.
 *
 * <p>A fault of the disk (it is full, a folder has vanished, the file is not writable) is logged once; when it is over,
 * or the journal is closed, the number of steps lost is logged. Folders are created again. If the disk hangs, ten
 * thousand steps wait for it, and {@link #onStep} throws for each further one, so that the gate logs the hang as a
 * listener's fault. If the file cannot be renamed at its maximum size, that is logged once, and it grows. No fault
 * affects the gate.
 *
 * <p>CPU is in percent of the scope. {@code elapsed} is the time since the gate was built, and {@code heldBackBy...} a
 * part of the time since the last step, both in seconds of the gate's monotonic clock; {@code time} is the wall-clock
 * time of the step, for human readers. An unknown value is {@code null}, or empty in CSV. In CSV, text that a
 * spreadsheet would take for a formula begins with an apostrophe, and control characters are spaces. Fields may be
 * added at the end.
 *
 * <p>Thread-safe.
 */
public final class Journal implements GateListener, AutoCloseable {

    private static final Log LOG = new Log(Journal.class.getName());
    private static final long MAX_BYTES = 64L << 20;
    private static final int OLDER_FILES = 3;

    /** Beyond this, steps are dropped; the disk has then hung for over five hours at the default period. */
    private static final int MAX_PENDING = 10_000;

    private static final long CLOSE_WAIT_SECONDS = 5;
    private static final Supplier<String> END = String::new; // the last entry, which ends the writer

    private final JournalFormat format;
    private final JournalFile file;
    private final BlockingQueue<Supplier<String>> lines = new LinkedBlockingQueue<>();
    private final AtomicLong lost = new AtomicLong(); // steps, since the number was last logged

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private @Nullable Thread writer; // started by the first step
    private boolean closed;
    private long clockZero; // System.nanoTime() when the gate was built, judged by the quickest report

    // Used by the writer only.
    private boolean failing;
    private boolean growing;

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

    /**
     * Hands the step to the writer. Does not block.
     *
     * @throws IllegalStateException if the disk has hung for ten thousand steps; the step is dropped
     */
    @Override
    public void onStep(StepReport step) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            Instant time = timeOf(step);
            if (writer == null) {
                writer = startWriter();
            }
            if (lines.size() < MAX_PENDING) {
                lines.add(() -> format.line(time, step));
                return;
            }
            lost.incrementAndGet();
        } finally {
            lock.unlock();
        }
        throw new IllegalStateException(
                this + " hangs: " + MAX_PENDING + " steps wait to be written, and further ones are dropped");
    }

    /**
     * Returns the wall-clock time of a step: now, less the delay of its report, which another listener may have caused.
     * The delay is counted from that of the quickest report so far. Under the lock.
     */
    private Instant timeOf(StepReport step) {
        long zero = System.nanoTime() - step.elapsed().toNanos();
        if (writer == null || zero - clockZero < 0) {
            clockZero = zero;
        }
        return Instant.now().minusNanos(zero - clockZero);
    }

    private Thread startWriter() {
        Thread made = DaemonThreads.make("cpugate-journal", this::write);
        made.start();
        return made;
    }

    /**
     * Closes the journal.
     *
     * @throws IllegalStateException if the disk hangs, so that steps may be lost
     */
    @Override
    public void onClose() {
        if (!closeAndWait()) {
            throw new IllegalStateException(this + " hangs: its last steps are not written yet");
        }
    }

    /**
     * Writes the remaining lines and closes the file. Waits for that for up to 5 s. Later steps are not written. May be
     * called again; the gate calls {@link #onClose} when it is closed itself.
     */
    @Override
    public void close() {
        var unused = closeAndWait();
    }

    /**
     * Closes the journal and waits for the writer. Returns false only if it still runs after
     * {@value #CLOSE_WAIT_SECONDS} s.
     */
    private boolean closeAndWait() {
        Thread running;
        lock.lock();
        try {
            running = writer;
            if (!closed) {
                closed = true;
                lines.add(END);
            }
        } finally {
            lock.unlock();
        }
        if (running == null || running == Thread.currentThread()) {
            return true;
        }
        try {
            running.join(TimeUnit.SECONDS.toMillis(CLOSE_WAIT_SECONDS));
            return !running.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Runs the writer. Only {@link #END} ends it. */
    private void write() {
        boolean end = false;
        while (!end) {
            try {
                List<Supplier<String>> batch = new ArrayList<>();
                batch.add(lines.take());
                lines.drainTo(batch);
                end = batch.remove(END);
                append(batch);
                if (end && lost.get() > 0) {
                    LOG.warn("{} is closed; steps lost: {}", this, lost);
                }
            } catch (Throwable t) {
                // An interrupt by foreign code, or out of memory: the lines taken are lost.
            }
        }
        file.close();
    }

    private void append(List<Supplier<String>> batch) {
        if (batch.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder();
        for (Supplier<String> line : batch) {
            text.append(line.get());
        }
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(CharBuffer.wrap(text));
        Exception fault = null;
        try {
            file.append(bytes);
        } catch (IOException | RuntimeException e) {
            fault = e;
            lost.addAndGet(linesOf(bytes));
        }
        log(fault, file.renameFault());
    }

    /** Logs each fault that begins or ends. */
    private void log(@Nullable Exception fault, @Nullable Exception renameFault) {
        boolean wasFailing = failing;
        boolean wasGrowing = growing;
        failing = fault != null;
        growing = renameFault != null;
        if (fault != null && !wasFailing) {
            LOG.log(Level.WARN, fault, "{} cannot be written; steps are lost meanwhile: {} (logged once)", this, fault);
        }
        if (fault == null && (wasFailing || lost.get() > 0)) {
            LOG.info("{} is written again; steps lost: {}", this, lost.getAndSet(0));
        }
        if (renameFault != null && !wasGrowing) {
            LOG.log(
                    Level.WARN,
                    renameFault,
                    "{} cannot be renamed at its maximum size and grows beyond it: {} (logged once)",
                    this,
                    renameFault);
        }
    }

    /**
     * Returns the number of lines lost. A line that lacks only its line feed is not lost: the next append adds that.
     */
    private static int linesOf(ByteBuffer unwritten) {
        int lines = 0;
        for (int i = unwritten.position() + 1; i < unwritten.limit(); i++) {
            if (unwritten.get(i) == '\n') {
                lines++;
            }
        }
        return lines;
    }

    @Override
    public String toString() {
        return "journal " + file;
    }
}
