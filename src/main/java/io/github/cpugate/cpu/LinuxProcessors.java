package io.github.cpugate.cpu;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.StringTokenizer;

/**
 * The processors of a Linux host, from {@code /proc}.
 *
 * <p>The kernel's {@code Cpus_allowed_list} (proc(5)) is the intersection of the thread's affinity, as {@code taskset}
 * and {@code numactl} set it, and of the cpusets of its control groups, of version 1 and 2. Every thread has its own.
 * If the first thread of the process and the one that reads have the same list, it is that of the process; otherwise
 * one of the two has been moved alone ({@code taskset -p} without {@code -a} moves only the first), and the list is
 * what all threads together may use.
 */
final class LinuxProcessors implements Processors {

    /**
     * The list of the reading thread is read each time. The rest is read when that list has changed, and now and then,
     * since a processor may go online and the first thread may be moved alone. These changes are rare, and reading the
     * rest costs as much as ten steps.
     */
    private static final int READS_PER_SCAN = 300;

    private static final String LIST = "Cpus_allowed_list:";
    private static final int MILLIS_PER_TICK = 10; // USER_HZ is 100 on all current architectures

    private final Path root;
    private byte[] buffer = new byte[2048]; // for a file of 1.5 KB; it grows if the user is in many groups
    private String lastList = "";
    private BitSet allowed = new BitSet();
    private int readsUntilScan;

    /** Reads the files under {@code root}, which is "/" except in tests. */
    LinuxProcessors(Path root) {
        this.root = root;
    }

    @Override
    public BitSet allowed() throws IOException {
        String list;
        try {
            list = list(root.resolve("proc/thread-self/status"));
        } catch (FileNotFoundException e) { // Linux before 3.17
            list = list(root.resolve("proc/self/status"));
        }
        if (--readsUntilScan < 0 || !list.equals(lastList)) {
            readsUntilScan = READS_PER_SCAN;
            lastList = list;
            allowed = scan(list);
        }
        return allowed;
    }

    private BitSet scan(String listOfThisThread) throws IOException {
        if (isShownBySomethingElse()) {
            return new BitSet();
        }
        BitSet online = new BitSet();
        ticks().keySet().forEach(online::set);
        String listOfFirstThread = list(root.resolve("proc/self/status"));
        BitSet found = parse(listOfThisThread);
        if (!listOfFirstThread.equals(listOfThisThread)) {
            found.or(parse(listOfFirstThread));
            addAllThreads(found, online);
        }
        BitSet missing = (BitSet) online.clone();
        missing.andNot(found); // the list may also contain processors that are not online, or not there
        return missing.isEmpty() ? new BitSet() : found;
    }

    private void addAllThreads(BitSet found, BitSet online) throws IOException {
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(root.resolve("proc/self/task"))) {
            for (Path thread : threads) {
                BitSet missing = (BitSet) online.clone();
                missing.andNot(found);
                if (missing.isEmpty()) {
                    return;
                }
                try {
                    found.or(parse(list(thread.resolve("status"))));
                } catch (IOException e) {
                    // The thread has ended.
                }
            }
        }
    }

    /**
     * Whether /proc/stat is not the kernel's own but a file that is mounted there. LXCFS shows a container its
     * processors only, and numbers them from 0, while the list has the numbers of the host.
     */
    private boolean isShownBySomethingElse() throws IOException {
        try (BufferedReader lines = reader(root.resolve("proc/self/mountinfo"))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split(" ", 6);
                if (fields.length > 4 && fields[4].equals("/proc/stat")) {
                    return true;
                }
            }
            return false;
        }
    }

    @Override
    public Map<Integer, long[]> ticks() throws IOException {
        Map<Integer, long[]> ticks = new HashMap<>();
        try (BufferedReader lines = reader(root.resolve("proc/stat"))) {
            for (String line = lines.readLine(); line != null && line.startsWith("cpu"); line = lines.readLine()) {
                StringTokenizer fields =
                        new StringTokenizer(line); // cpu0 10132153 290696 3084719 46828483 16683 0 25195 0
                String name = fields.nextToken();
                if (!name.equals("cpu")) { // the sum of all
                    long[] counters = new long[TickSpan.COUNTERS];
                    for (int i = 0; i < counters.length && fields.hasMoreTokens(); i++) {
                        counters[i] = MILLIS_PER_TICK * Long.parseLong(fields.nextToken());
                    }
                    ticks.put(Integer.parseInt(name.substring("cpu".length())), counters);
                }
            }
        }
        return ticks;
    }

    /** Returns the list of a thread. Every step makes one such read, so it decodes no more than it has to. */
    private String list(Path status) throws IOException {
        try (FileInputStream file = new FileInputStream(status.toFile())) {
            int length = 0;
            for (int read = file.read(buffer); read > 0; read = file.read(buffer, length, buffer.length - length)) {
                length += read;
                String text = new String(buffer, 0, length, StandardCharsets.ISO_8859_1);
                int begin = text.indexOf(LIST);
                int end = text.indexOf('\n', begin);
                if (begin >= 0 && end >= 0) {
                    return text.substring(begin + LIST.length(), end).strip();
                }
                if (length == buffer.length) {
                    buffer = Arrays.copyOf(buffer, 2 * length);
                }
            }
        }
        throw new IOException("no " + LIST + " in " + status);
    }

    /** Parses a list such as {@code 0-3,8}: cpuset(7), "List format". */
    private static BitSet parse(String list) {
        BitSet set = new BitSet();
        for (String part : list.split(",", -1)) {
            String[] ends = part.split("-", 2);
            set.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
        return set;
    }

    private static BufferedReader reader(Path file) throws IOException {
        return Files.newBufferedReader(file, StandardCharsets.ISO_8859_1);
    }
}
