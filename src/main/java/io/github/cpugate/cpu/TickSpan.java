package io.github.cpugate.cpu;

/**
 * The CPU time between two values of a set of tick counters.
 *
 * <p>The counters are, in this order, user, nice, system, idle, iowait, irq, softirq and steal: the order of
 * {@code /proc/stat} and of OSHI. All of them rise in theory. In practice iowait may fall (proc(5)), and steal may fall
 * for hours after a virtual machine was migrated. A counter that fell counts as unchanged. If idle fell, as it may when
 * a processor goes offline, nothing is known: the rest would look like a saturated host.
 *
 * @param busy the time that was not idle, in milliseconds; the time that a hypervisor withheld (steal) is busy
 * @param total all of the time, in milliseconds; 0 if nothing is known
 */
record TickSpan(long busy, long total) {

    static final int COUNTERS = 8;
    private static final int IDLE = 3;
    private static final int IOWAIT = 4;
    private static final int ALLOWANCE_MILLIS = 600; // OSHI's counters may be 300 ms old, before and now
    private static final int MOST_THAT_FALL = 2; // more have been reset, as when a container was moved

    static TickSpan between(long[] before, long[] now) {
        long busy = 0;
        long total = 0;
        int fell = 0;
        for (int i = 0; i < Math.min(COUNTERS, now.length); i++) {
            long spent = now[i] - before[i];
            if (spent < 0) {
                fell += i == IDLE ? COUNTERS : 1;
                continue;
            }
            total += spent;
            if (i != IDLE && i != IOWAIT) {
                busy += spent;
            }
        }
        return fell > MOST_THAT_FALL ? new TickSpan(0, 0) : new TickSpan(busy, total);
    }

    TickSpan plus(TickSpan other) {
        return new TickSpan(busy + other.busy, total + other.total);
    }

    /** {@return the busy part, in percent; {@code NaN} if no time is known to have passed} */
    double percent() {
        return total > 0 ? 100.0 * busy / total : Double.NaN;
    }

    /**
     * Whether that number of processors can have counted this time. A processor that goes online may bring along
     * counters of days.
     */
    boolean isPlausible(long spanNanos, double cores) {
        return spanNanos <= 0 || total <= cores * (1.5e-6 * spanNanos + ALLOWANCE_MILLIS);
    }

    /** Whether that number of processors must have counted more, unless the host slept. */
    boolean isTooLittle(long spanNanos, double cores) {
        return total < cores * (0.5e-6 * spanNanos - ALLOWANCE_MILLIS);
    }
}
