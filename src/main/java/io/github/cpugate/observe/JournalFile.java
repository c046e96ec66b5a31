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
 * A file of lines that is renamed and begun anew when it reaches a size. After a fault it is opened again, so that a
 * vanished folder or a full disk leaves only a gap. Not thread-safe.
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

    /** Appends whole lines. If that fails, the file is closed, and the next call begins a new line. */
    void append(byte[] lines) throws IOException {
        try {
            if (out != null && !Files.exists(file)) {
                close(); // the file was deleted: nobody could read what is written to it
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
        boolean torn = endsMidLine();
        out = Files.newByteChannel(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND));
        size = out.size();
        if (size == 0) {
            write(header);
        } else if (torn) {
            write(new byte[] {'\n'});
        }
    }

    /** Whether the last line lacks its line feed, as after a killed process or a full disk. */
    private boolean endsMidLine() throws IOException {
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
        Files.deleteIfExists(file); // if no older file is kept
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
                // All lines are written, or their loss has been reported.
            }
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
