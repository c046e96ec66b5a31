package io.github.cpugate.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A control group with a CPU quota, to start a process in: version 1, in the hierarchies {@code cpu} and
 * {@code cpuacct}. To make one takes root, and a kernel that has these.
 */
public final class QuotaGroup implements AutoCloseable {

    private static final Path MOUNTS = Path.of("/sys/fs/cgroup");
    private static final int PERIOD_MICROS = 100_000;

    private final double cores;
    private final Path cpu;
    private final Path cpuacct;

    private QuotaGroup(String name, double cores) {
        this.cores = cores;
        this.cpu = MOUNTS.resolve("cpu").resolve(name);
        this.cpuacct = MOUNTS.resolve("cpuacct").resolve(name);
    }

    /**
     * Makes the group.
     *
     * @param name of the group; it must not exist
     * @param cores the quota
     * @return the group
     * @throws IOException if it cannot be made here
     */
    public static QuotaGroup create(String name, double cores) throws IOException {
        QuotaGroup group = new QuotaGroup(name, cores);
        try {
            Files.createDirectory(group.cpu);
            if (!Files.exists(group.cpuacct)) { // it does where the two are mounted together
                Files.createDirectory(group.cpuacct);
            }
            Files.writeString(group.cpu.resolve("cpu.cfs_period_us"), Integer.toString(PERIOD_MICROS));
            Files.writeString(group.cpu.resolve("cpu.cfs_quota_us"), Long.toString(Math.round(cores * PERIOD_MICROS)));
            // Ahead of others, so that a busy machine leaves it its quota.
            Files.writeString(group.cpu.resolve("cpu.shares"), "65536");
            return group;
        } catch (IOException e) {
            group.close();
            throw e;
        }
    }

    /**
     * Starts a process in the group.
     *
     * @param command the command
     * @return the process; its error output is this one's
     * @throws IOException if it cannot be started, or not be moved into the group
     */
    public Process start(List<String> command) throws IOException {
        List<String> waiting = new ArrayList<>(List.of("sh", "-c", "read go; exec \"$@\"", "sh"));
        waiting.addAll(command);
        Process process = new ProcessBuilder(waiting)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            Files.writeString(cpu.resolve("cgroup.procs"), Long.toString(process.pid()));
            Files.writeString(cpuacct.resolve("cgroup.procs"), Long.toString(process.pid()));
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            return process;
        } catch (IOException e) {
            process.destroyForcibly().onExit().join();
            throw e;
        }
    }

    /**
     * Returns what the group's processes have used.
     *
     * @return CPU time in percent of what the quota allows in a second
     * @throws IOException if it cannot be read
     */
    public double usedPercentSeconds() throws IOException {
        long nanos = Long.parseLong(
                Files.readString(cpuacct.resolve("cpuacct.usage")).strip());
        return 100 * nanos / 1e9 / cores;
    }

    /**
     * How many of the quota's periods there were since the group was made.
     *
     * @param all in which a process of the group wanted to run
     * @param throttled in which it was kept from running, since the quota was used up
     */
    public record Periods(long all, long throttled) {}

    /**
     * Returns the quota's periods.
     *
     * @return their number
     * @throws IOException if it cannot be read
     */
    public Periods periods() throws IOException {
        long all = 0;
        long throttled = 0;
        for (String line : Files.readAllLines(cpu.resolve("cpu.stat"))) {
            String[] field = line.split(" ", -1);
            switch (field[0]) {
                case "nr_periods" -> all = Long.parseLong(field[1]);
                case "nr_throttled" -> throttled = Long.parseLong(field[1]);
                default -> {}
            }
        }
        return new Periods(all, throttled);
    }

    /** Removes the group, if its processes have ended. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(cpu);
        Files.deleteIfExists(cpuacct);
    }
}
