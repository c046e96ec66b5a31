package io.github.cpugate.observe;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A file of lines that grows up to a size and then makes room for a new one. Opened anew after each fault, so that a
 * folder that vanished, or a disk that was full, is only a gap. Not thread-safe.
 */
final class JournalFile {

    private final Path file;
    private final byte[] header;
    private final long maxBytes;
    private final int olderFiles;
    private @Nullable SeekableByteChannel out;
    private long size;

    JournalFile(Path file, byte[] header, long maxBytes, int olderFiles) {
        this.file = file.toAbsolutePath();
        this.header = header.clone();
        this.maxBytes = maxBytes;
        this.olderFiles = olderFiles;
    }

    /** Appends whole lines. If that fails, nothing is open, and a later one begins on a line of its own. */
    void append(byte[] lines) throws IOException {
        try {
            if (out != null && !Files.exists(file)) {
                close(); // it would be written to where nobody can read it
            }
            if (out == null) {
                open();
            }
            if (size > header.length && size + lines.length > maxBytes) {
                rotate();
            }
            write(lines);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void open() throws IOException {
        Path folder = file.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        boolean torn = endsInMidLine();
        out = Files.newByteChannel(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND));
        size = out.size();
        if (size == 0) {
            write(header);
        } else if (torn) {
            write(new byte[] {'\n'});
        }
    }

    /** As a process that was killed leaves it, or a disk that was full. */
    private boolean endsInMidLine() throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            if (in.size() == 0) {
                return false;
            }
            ByteBuffer last = ByteBuffer.allocate(1);
            in.position(in.size() - 1);
            return in.read(last) == 1 && last.get(0) != '\n';
        }
    }

    private void rotate() throws IOException {
        close();
        for (int number = olderFiles; number > 0; number--) {
            Path from = number == 1 ? file : older(number - 1);
            if (Files.exists(from)) {
                Files.move(from, older(number), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.deleteIfExists(file); // if none is kept
        open();
    }

    private Path older(int number) {
        String name = String.valueOf(file.getFileName());
        int dot = name.lastIndexOf('.');
        return file.resolveSibling(
                dot > 0 ? name.substring(0, dot) + "." + number + name.substring(dot) : name + "." + number);
    }

    private void write(byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        SeekableByteChannel channel = out;
        while (channel != null && left.hasRemaining()) {
            size += channel.write(left);
        }
    }

    void close() {
        SeekableByteChannel open = out;
        out = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                // What was to be written is written, or lost by a fault that was told.
            }
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
