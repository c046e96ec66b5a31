package io.github.cpugate.internal.share;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds the peers through a directory in which each gate has a small file that it overwrites at each step.
 *
 * <p>A gate runs as long as its file changes, by the clock of the reader. Nothing else would do: a pid has a meaning in
 * its own container only, a lock is lost when any code of the process closes the file, a mapped file that is truncated
 * kills the JVM, and the wall clock jumps.
 *
 * <p>Whatever is wrong with the directory, no method throws; it is reported, and files that cannot be read are no
 * peers. Used by the thread that makes a step, except {@link #close}.
 */
public final class PeerDirectory implements Peers {

    private static final String SUFFIX = ".gate";
    private static final double STALE = 3.5; // periods
    private static final double MAX_PERIOD = 60; // seconds; a longer one in a record counts as this
    private static final long FORGET_NANOS = 60_000_000_000L;
    private static final int MAX_OTHER_FILES = 64; // of no running gate, that a step reads
    private static final int BAD = 3; // reads in a row; one may have met a write

    private final Path directory;
    private final Path file;
    private final String jvm = Place.jvm();
    private final double period; // seconds
    private final LongSupplier nanoClock;
    private final Consumer<@Nullable Object> faults;
    private final Map<String, Seen> files = new HashMap<>(); // by name
    private int turn;
    private long sequence;
    private String scope = "";
    private String place = "";
    private @Nullable Object problem; // of this step

    /** Held while the own file is written or deleted, so that it is not written again after close(). */
    private final ReentrantLock lock = new ReentrantLock();

    private volatile boolean closed;

    /** What is known about a file. */
    private static final class Seen {
        int content; // its hash; 0: it has not been read
        long since; // when it changed, or was first seen, by this gate's clock
        boolean changed; // since it was first seen; else it may be left over
        boolean isOurs; // a gate wrote it, though perhaps not all of it
        int bad; // reads in a row that found no record
        RecordFormat.@Nullable Entry entry;

        Seen(long now) {
            since = now;
        }

        boolean isAlive(long now) {
            return changed && entry != null && now - since <= lifetimeNanos();
        }

        boolean isLeftOver(long now) {
            return isOurs && now - since > Math.max(FORGET_NANOS, lifetimeNanos());
        }

        private double lifetimeNanos() {
            return entry == null ? 0 : STALE * 1e9 * Math.min(entry.period(), MAX_PERIOD);
        }
    }

    /** Makes no file yet. {@code faults} receives at each step what is wrong, or null. */
    public PeerDirectory(Path directory, long periodNanos, LongSupplier nanoClock, Consumer<@Nullable Object> faults) {
        this.directory = directory;
        this.file = directory.resolve(UUID.randomUUID() + SUFFIX);
        this.period = Math.min(periodNanos / 1e9, RecordFormat.MAX_VALUE);
        this.nanoClock = nanoClock;
        this.faults = faults;
    }

    @Override
    public List<Peer> others(String scope) {
        problem = null;
        if (!scope.equals(this.scope)) {
            this.scope = scope;
            this.place = Place.of(scope, jvm);
        }
        long now = nanoClock.getAsLong();
        try {
            readAll(now);
        } catch (NoSuchFileException e) {
            files.clear(); // it is created when this gate publishes
        } catch (IOException | RuntimeException e) {
            note(e); // what was read before lives on for some periods
        }
        return alive(now);
    }

    private List<Peer> alive(long now) {
        List<Peer> peers = new ArrayList<>();
        for (Seen each : files.values()) {
            RecordFormat.Entry entry = each.entry;
            if (entry != null && each.isAlive(now)) {
                peers.add(new Peer(
                        entry.state(), entry.jvm().equals(jvm), entry.place().equals(place)));
            }
        }
        return peers;
    }

    private void readAll(long now) throws IOException {
        Set<String> found = new HashSet<>();
        int others =
                (int) files.values().stream().filter(each -> !each.isAlive(now)).count();
        int turns = Math.max(1, others / MAX_OTHER_FILES);
        int most = files.size() + MAX_OTHER_FILES;
        turn++;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
            for (Path each : all) {
                String name = each.getFileName().toString();
                if (each.equals(file) || !found.add(name)) {
                    continue;
                }
                Seen seen = files.get(name);
                boolean isDue = Math.floorMod(name.hashCode() + turn, turns) == 0;
                if (seen != null ? seen.isAlive(now) || isDue : files.size() < most) {
                    read(each, files.computeIfAbsent(name, unused -> new Seen(now)), now);
                }
            }
        }
        files.keySet().retainAll(found);
    }

    private void read(Path path, Seen seen, long now) {
        try {
            byte[] bytes = bytes(path);
            int content = Arrays.hashCode(bytes);
            if (content != seen.content) {
                seen.changed = seen.content != 0;
                seen.content = content;
                seen.since = now;
            }
            seen.isOurs = RecordFormat.isBegun(bytes);
            seen.entry = RecordFormat.entry(bytes);
            seen.bad = 0;
        } catch (NoSuchFileException | ClosedByInterruptException e) {
            seen.entry = null;
        } catch (IOException | RuntimeException e) {
            if (++seen.bad >= BAD) {
                seen.entry = null;
                note(path + ": " + e.getMessage());
            }
        }
        if (seen.isLeftOver(now)) {
            forget(path);
        }
    }

    private static byte[] bytes(Path path) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isRegularFile() || attributes.size() > RecordFormat.SIZE) {
            throw new IOException("no record"); // and to open a pipe would block
        }
        ByteBuffer bytes = ByteBuffer.allocate(RecordFormat.SIZE);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // reads on
            }
        }
        return bytes.array();
    }

    /** Deletes a file that has not changed for long, unless it is another user's. */
    private static void forget(Path path) {
        try {
            if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | RuntimeException e) {
            // Its owner's gates do it.
        }
    }

    @Override
    public void report(String problem) {
        note(problem);
    }

    private void note(Object problem) {
        this.problem = this.problem == null ? problem : this.problem;
    }

    @Override
    public void publish(GateState mine, String scope) {
        byte[] bytes = RecordFormat.bytes(new RecordFormat.Entry(++sequence, place, jvm, period, mine));
        lock.lock();
        try {
            if (!closed) {
                write(bytes);
            }
        } catch (ClosedByInterruptException e) {
            // The next step writes again.
        } catch (IOException | RuntimeException e) {
            note(e);
        } finally {
            lock.unlock();
        }
        if (closed) {
            close(); // which may have found the lock held
        }
        faults.accept(problem);
    }

    private void write(byte[] bytes) throws IOException {
        try {
            writeFile(bytes);
        } catch (NoSuchFileException e) {
            boolean posix =
                    directory.getFileSystem().supportedFileAttributeViews().contains("posix");
            FileAttribute<?>[] ownerOnly = posix
                    ? new FileAttribute<?>[] {
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                    }
                    : new FileAttribute<?>[0];
            Files.createDirectories(directory, ownerOnly);
            writeFile(bytes);
        }
    }

    private void writeFile(byte[] bytes) throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(file + " is no regular file"); // and to open a pipe would block
        }
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
            int written = channel.write(ByteBuffer.wrap(bytes), 0);
            if (written < bytes.length) {
                throw new IOException(file + ": only " + written + " bytes could be written");
            }
            if (channel.size() > bytes.length) { // somebody has extended it
                channel.truncate(bytes.length);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        if (!lock.tryLock()) {
            return; // the step that holds it closes
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException | RuntimeException e) {
            // The others forget it.
        } finally {
            lock.unlock();
        }
    }
}
