package io.github.cpugate.cpu;

import io.github.cpugate.internal.log.Log;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures how much of their CPU quotas the control groups of this process use.
 *
 * <p>It never throws. A file that cannot be read or parsed counts as no quota; the first fault of each group is logged.
 */
final class QuotaMeter {

    private static final Log LOG = new Log(CpuSampler.class.getName());

    /**
     * A process rarely changes its groups, and a group without a quota rarely gets one, so a scan once a minute, at a
     * period of 2 s, is enough. An existing quota is read each time.
     */
    private static final int READS_PER_SCAN = 30;

    private static final int MOST_FAULTS_LOGGED = 16;

    private final Path root;
    private final LongSupplier ownNanos;
    private final LongSupplier nanoClock;

    private List<Metered> groups = List.of();
    private int readsUntilScan;
    private long lastOwn;
    private long lastRead;
    private @Nullable String loggedQuotas;
    private final Set<String> faultsLogged = new HashSet<>();
    private double throttled = Double.NaN;
    private boolean faulty; // whether a group failed at this read

    /** A group, with its last readings. */
    private static final class Metered {

        final ControlGroup group;
        double quota = Double.NaN; // cores
        long used = -1; // nanoseconds
        ControlGroup.Periods periods = ControlGroup.Periods.UNKNOWN;

        Metered(ControlGroup group) {
            this.group = group;
        }

        String scope() {
            return scope(quota);
        }

        String scope(double cores) {
            return CpuReading.scope("cgroup " + group.path(), cores);
        }
    }

    /** Reads the files under {@code root}, which is "/" except in tests. */
    QuotaMeter(Path root, LongSupplier ownNanos, LongSupplier nanoClock) {
        this.root = root;
        this.ownNanos = ownNanos;
        this.nanoClock = nanoClock;
    }

    /**
     * Returns the readings of the groups that have a quota, each of the share of its quota that the group used since
     * the last call. A group that had no quota then has no reading.
     */
    List<CpuReading> readings() {
        List<CpuReading> readings = new ArrayList<>();
        throttled = Double.NaN;
        try {
            boolean scanned = scanIfDue();
            if (!scanned && !hasQuota()) {
                return readings;
            }
            long now = nanoClock.getAsLong();
            long own = ownNanos.getAsLong();
            long span = now - lastRead;
            faulty = false;
            for (Metered each : groups) {
                CpuReading reading = scanned || each.quota > 0 ? read(each, own, span) : null;
                if (reading != null) {
                    readings.add(reading);
                    if (reading.throttled() >= 0 && !(reading.throttled() <= throttled)) {
                        throttled = reading.throttled();
                    }
                }
            }
            lastRead = now;
            lastOwn = own;
            if (!faulty) { // a fault is logged as such, and one that comes and goes must not log the quotas each time
                logQuotas();
            }
        } catch (Throwable t) { // from a clock, or for lack of memory
            logFault("CPU quotas", t);
        }
        return readings;
    }

    /** Returns the throttled share of the last readings, in percent of a quota's periods; {@code NaN} if unknown. */
    double throttled() {
        return throttled;
    }

    private boolean hasQuota() {
        for (Metered each : groups) {
            if (each.quota > 0) {
                return true;
            }
        }
        return false;
    }

    private boolean scanIfDue() {
        if (readsUntilScan-- > 0) {
            return false;
        }
        readsUntilScan = READS_PER_SCAN;
        List<ControlGroup> found;
        try {
            found = Membership.of(root);
        } catch (IOException | RuntimeException e) {
            logFault("/proc/self/cgroup or mountinfo", e);
            readsUntilScan = 0; // the groups that are known still count
            return false;
        }
        groups = found.stream().map(this::metered).toList();
        return true;
    }

    /** Returns the group with its last readings, if it is among those that are known. */
    private Metered metered(ControlGroup group) {
        for (Metered each : groups) {
            if (each.group.equals(group)) {
                return each;
            }
        }
        return new Metered(group);
    }

    private @Nullable CpuReading read(Metered each, long own, long span) {
        double quotaBefore = each.quota;
        long usedBefore = each.used;
        each.quota = Double.NaN;
        each.used = -1;
        ControlGroup.Periods periodsBefore = each.periods;
        each.periods = ControlGroup.Periods.UNKNOWN;
        try {
            each.quota = each.group.quotaCores();
            if (Double.isNaN(each.quota)) {
                return null;
            }
            each.used = each.group.usedNanos(own);
            each.periods = each.group.periods();
        } catch (IOException | RuntimeException e) {
            each.quota = Double.NaN;
            faulty = true;
            logFault("cgroup " + each.group.path(), e);
            return null;
        } finally {
            if (!Double.isNaN(quotaBefore) && Double.isNaN(each.quota)) {
                readsUntilScan = 0; // the group itself may be gone
            }
        }
        // If the quota changed within the span, the larger value counts: a lowered one was not in force for all of it.
        double capacity = Math.max(quotaBefore, each.quota) * span;
        double used = ProcessCpu.percent(usedBefore, each.used, capacity);
        if (Double.isNaN(used)) { // as when quota or usage were not read at the last call
            return null;
        }
        double share = Math.min(100, used); // used exceeds 100 if a burst runs into the next period
        return new CpuReading(
                share,
                ProcessCpu.percent(lastOwn, own, capacity),
                span,
                each.scope(capacity / span),
                capacity / span,
                each.periods.throttledPercentSince(periodsBefore));
    }

    private void logQuotas() {
        List<String> quotas = new ArrayList<>();
        for (Metered each : groups) {
            if (!Double.isNaN(each.quota)) {
                quotas.add(each.scope()
                        + (each.group.usageDir() == null
                                ? " from this JVM's CPU time only"
                                        + " (a lower bound: cpuacct does not show the whole group's usage)"
                                : ""));
            }
        }
        String now = quotas.isEmpty() ? "none" : String.join(", ", quotas);
        if (now.equals(loggedQuotas)) {
            return;
        }
        loggedQuotas = now;
        try {
            LOG.info("CPU quotas measured in addition to host CPU: {}", now);
        } catch (Throwable t) {
            // A log that fails must not cost the reading.
        }
    }

    private void logFault(String what, Throwable cause) {
        if (faultsLogged.size() < MOST_FAULTS_LOGGED && faultsLogged.add(what)) {
            try {
                LOG.warn(
                        "ignoring {}, which cannot be read: {} (logged once)",
                        what,
                        CpuSample.failed(cause, Double.NaN).detail());
            } catch (Throwable t) {
                // As above.
            }
        }
    }
}
