package io.github.cpugate.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Files of {@code /proc} about processors, as Linux shows them. */
final class ProcFiles {

    private final Path root;
    private final Map<Integer, long[]> ticks = new TreeMap<>(); // 10 ms each, in the order of the file

    /** A host of that number of processors, all of which the process may use. */
    ProcFiles(Path root, int processors) {
        this.root = root;
        for (int i = 0; i < processors; i++) {
            ticks.put(i, new long[] {1000, 0, 0, 9000, 0, 0, 0, 0, 0, 0});
        }
        write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n");
        allow("0-" + (processors - 1));
        writeStat();
    }

    void write(String file, String text) {
        Path path = root.resolve(file);
        try {
            Files.createDirectories(path.getParent());
            Files.writeString(path, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void delete(String file) {
        try {
            Files.delete(root.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets all threads use these processors. */
    void allow(String list) {
        allow(list, list);
    }

    /** Lets the first thread use some processors, and the other one, which reads, use some. */
    void allow(String first, String reading) {
        write("proc/self/status", status(first));
        write("proc/self/task/1/status", status(first));
        write("proc/self/task/7/status", status(reading));
        write("proc/thread-self/status", status(reading));
    }

    static String status(String list) {
        return "Name:\tjava\nCpus_allowed:\tffffffff\nCpus_allowed_list:\t" + list + "\nMems_allowed_list:\t0\n";
    }

    /** Lets a processor work for some hundredths of a second, and be idle for some. */
    void run(int processor, long busy, long idle) {
        long[] counters = ticks.get(processor);
        counters[0] += busy;
        counters[3] += idle;
        writeStat();
    }

    /** Takes a processor offline. */
    long[] remove(int processor) {
        long[] counters = ticks.remove(processor);
        writeStat();
        return counters;
    }

    /** Takes a processor online. */
    void add(int processor, long[] counters) {
        ticks.put(processor, counters);
        writeStat();
    }

    void writeStat() {
        StringBuilder text = new StringBuilder("cpu  1 0 0 1 0 0 0 0 0 0\n");
        ticks.forEach((number, counters) -> {
            text.append("cpu").append(number);
            for (long each : counters) {
                text.append(' ').append(each);
            }
            text.append('\n');
        });
        write("proc/stat", text.append("intr 1 0 9\nctxt 5\n").toString());
    }
}
