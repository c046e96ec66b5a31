package io.github.cpugate.observe;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file of lines that is renamed and begun anew when it reaches a size. It is opened again after a fault, and when its
 * path no longer names the file that is open, as after logrotate. Not thread-safe.
 */
final class JournalFile {

    private final Path file;
    private final byte[] header;
    private final long maxBytes;
    private final int olderFiles;
    private final boolean posix;

    private @Nullable SeekableByteChannel out;

    /**
     * The file key of what the path named just before {@code out} was opened; null if it named nothing, or if the file
     * system has no file keys. It is read before the file is opened, so that the next append notices if the file was
     * replaced in between. For this reason a file that {@code open} creates is opened twice.
     */
    private @Nullable Object key;

    /** The permissions of a file that is created: for its owner only, or those of the file that was renamed. */
    private Set<PosixFilePermission> permissions = PosixFilePermissions.fromString("rw-------");

    private @Nullable Exception renameFault;

    JournalFile(Path file, byte[] header, long maxBytes, int olderFiles) {
        this.file = file.toAbsolutePath();
        this.header = header.clone();
        this.maxBytes = maxBytes;
        this.olderFiles = olderFiles;
        this.posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /**
     * Appends whole lines. If that fails, closes the file and leaves what was not written in the buffer; the next call
     * first ends the line that was cut off.
     */
    void append(ByteBuffer lines) throws IOException {
        try {
            BasicFileAttributes found = attributes();
            if (found != null && isFull(found, lines.remaining())) {
                renameFault = rename();
                found = attributes();
            }
            if (!isOpen(found)) {
                close();
                open(found);
            }
            write(lines);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Returns the fault of the last attempt to rename the full file; null if it succeeded, or if there was none. */
    @Nullable
    Exception renameFault() {
        return renameFault;
    }

    /** Returns the attributes of what the path names; null if it names nothing. */
    private @Nullable BasicFileAttributes attributes() throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private boolean isFull(BasicFileAttributes found, int more) {
        return found.isRegularFile() && found.size() > header.length && found.size() + more > maxBytes;
    }

    /** Whether the path still names the file that is open. A file that was emptied counts as a new one. */
    private boolean isOpen(@Nullable BasicFileAttributes found) {
        return out != null
                && found != null
                && Objects.equals(found.fileKey(), key)
                && !(found.isRegularFile() && found.size() == 0);
    }

    private void open(@Nullable BasicFileAttributes found) throws IOException {
        if (found != null && found.isSymbolicLink()) {
            throw new FileSystemException(
                    file.toString(), null, "is a symbolic link, which a journal does not follow; name its target");
        }
        Path folder = file.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        boolean torn = found != null && found.isRegularFile() && endsMidLine();
        key = found == null ? null : found.fileKey();
        SeekableByteChannel made = Files.newByteChannel(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND,
                        LinkOption.NOFOLLOW_LINKS),
                posix
                        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(permissions)}
                        : new FileAttribute<?>[0]);
        out = made;
        if (made.size() == 0) {
            write(ByteBuffer.wrap(header));
        } else if (torn) {
            write(ByteBuffer.wrap(new byte[] {'\n'}));
        }
    }

    /** Whether the last line lacks its line feed, as after a killed process or a full disk. */
    private boolean endsMidLine() throws IOException {
        try (SeekableByteChannel in =
                Files.newByteChannel(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            if (in.size() == 0) {
                return false;
            }
            ByteBuffer last = ByteBuffer.allocate(1);
            in.position(in.size() - 1);
            return in.read(last) == 1 && last.get(0) != '\n';
        }
    }

    /**
     * Renames the full file and the older ones up to the first number that is free, beginning with the last of these.
     * So an attempt that fails half-way overwrites nothing, and the next attempt continues from there. If there is one
     * file too many, it is deleted once all others have their names. Returns the fault, if any.
     */
    private @Nullable Exception rename() {
        try {
            int free = 1;
            while (free <= olderFiles && Files.exists(older(free), LinkOption.NOFOLLOW_LINKS)) {
                free++;
            }
            if (posix) {
                permissions = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
            }
            for (int number = free; number > 0; number--) {
                Path from = number == 1 ? file : older(number - 1);
                Files.move(from, older(number), StandardCopyOption.REPLACE_EXISTING);
            }
            Files.deleteIfExists(older(olderFiles + 1));
            return null;
        } catch (IOException | RuntimeException e) {
            return e;
        }
    }

    private Path older(int number) {
        String name = String.valueOf(file.getFileName());
        int dot = name.lastIndexOf('.');
        return file.resolveSibling(
                dot > 0 ? name.substring(0, dot) + "." + number + name.substring(dot) : name + "." + number);
    }

    private void write(ByteBuffer bytes) throws IOException {
        SeekableByteChannel channel = out;
        while (channel != null && bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    void close() {
        SeekableByteChannel open = out;
        out = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // All lines are written, or their loss has been reported.
            }
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
