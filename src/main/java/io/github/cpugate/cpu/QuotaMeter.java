package io.github.cpugate.cpu;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much of its CPU quotas this process's control groups use.
 *
 * <p>Never at fault: a file that cannot be read or understood counts as no quota, and is named once in the log.
 */
final class QuotaMeter {

    /**
     * A process hardly ever changes its groups, nor does a group without a quota get one: once a minute, at a period of
     * 2 s, is soon enough to look. A quota that there is, is read each time.
     */
    private static final int READS_PER_SCAN = 30;

    private final Path root;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;

    private List<Metered> groups = List.of();
    private int readsUntilScan;
    private long lastOwn;
    private long lastRead;
    private @Nullable String saidQuotas;
    private boolean saidFault;
    private boolean faulty; // a group, at this read

    /** A group, and what was read of it last. */
    private static final class Metered {

        final ControlGroup group;
        double quota = Double.NaN;
        long used = -1;

        Metered(ControlGroup group) {
            this.group = group;
        }

        String scope() {
            return "cgroup " + group.path() + " (" + Math.round(100 * quota) / 100.0 + " cores)";
        }
    }

    /** Reads the files under {@code root}, "/" but in tests. */
    QuotaMeter(Path root, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.root = root;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /** What the group closest to its quota used of it since the last call; null if there is no quota, or was none. */
    @Nullable
    CpuReading tightest() {
        try {
            boolean scanned = scanNowAndThen();
            if (!scanned && !hasQuota()) {
                return null;
            }
            long now = nanoClock.getAsLong();
            long own = ownNanos.getAsLong();
            long span = now - lastRead;
            CpuReading tightest = null;
            faulty = false;
            for (Metered each : groups) {
                CpuReading reading = scanned || each.quota > 0 ? read(each, own, span) : null;
                if (reading != null && (tightest == null || reading.percent() > tightest.percent())) {
                    tightest = reading;
                }
            }
            lastRead = now;
            lastOwn = own;
            if (!faulty) { // what is broken is said as a fault, and what is broken by turns not each time
                sayQuotas();
            }
            return tightest;
        } catch (Throwable t) { // a clock, or a lack of memory
            sayFault("CPU quotas", t);
            return null;
        }
    }

    private boolean hasQuota() {
        for (Metered each : groups) {
            if (each.quota > 0) {
                return true;
            }
        }
        return false;
    }

    private boolean scanNowAndThen() {
        if (readsUntilScan-- > 0) {
            return false;
        }
        readsUntilScan = READS_PER_SCAN;
        List<ControlGroup> found;
        try {
            found = Membership.of(root);
        } catch (IOException | RuntimeException e) {
            sayFault("/proc/self/cgroup or mountinfo", e);
            found = List.of();
        }
        if (!found.equals(groups.stream().map(each -> each.group).toList())) {
            groups = found.stream().map(Metered::new).toList();
        }
        return true;
    }

    private @Nullable CpuReading read(Metered each, long own, long span) {
        double quotaBefore = each.quota;
        long usedBefore = each.used;
        each.quota = Double.NaN;
        each.used = -1;
        try {
            each.quota = each.group.quotaCores();
            if (Double.isNaN(each.quota)) {
                return null;
            }
            each.used = each.group.usedNanos(own);
        } catch (IOException | RuntimeException e) {
            each.quota = Double.NaN;
            faulty = true;
            sayFault("cgroup " + each.group.path(), e);
            return null;
        } finally {
            if (!Double.isNaN(quotaBefore) && Double.isNaN(each.quota)) {
                readsUntilScan = 0; // a quota that is gone may be that of a group that is
            }
        }
        // Both read before, so that the span is this one's. A quota that was cut meanwhile held for part of it only.
        double capacity = Math.max(quotaBefore, each.quota) * span;
        double used = ProcessCpu.percent(usedBefore, each.used, capacity);
        if (Double.isNaN(used)) {
            return null;
        }
        double share = Math.min(100, used); // a burst that the kernel lets run into the next period may come to more
        return new CpuReading(share, ProcessCpu.percent(lastOwn, own, capacity), span, each.scope(), capacity / span);
    }

    private void sayQuotas() {
        List<String> quotas = new ArrayList<>();
        for (Metered each : groups) {
            if (!Double.isNaN(each.quota)) {
                quotas.add(each.scope()
                        + (each.group.usageIn() == null
                                ? " by this JVM's own CPU time, a lower bound: cpuacct has this process elsewhere"
                                : ""));
            }
        }
        String now = quotas.isEmpty() ? "none" : String.join(", ", quotas);
        if (now.equals(saidQuotas)) {
            return;
        }
        saidQuotas = now;
        try {
            logger().info("CPU quotas that count beside the host's processors: {}", now);
        } catch (Throwable t) {
            // A log at fault is no reason to do without a reading.
        }
    }

    private void sayFault(String what, Throwable cause) {
        if (!saidFault) {
            saidFault = true;
            try {
                logger().warn(
                                "{} cannot be read and does not count: {} (said once)",
                                what,
                                CpuSample.failed(cause, Double.NaN).detail());
            } catch (Throwable t) {
                // As above.
            }
        }
    }

    private static Logger logger() {
        return LoggerFactory.getLogger(CpuSampler.class);
    }
}
